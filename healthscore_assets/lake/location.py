"""Where a lake may be: a local folder, or a prefix of a bucket."""

from pathlib import Path

_SCHEME = "s3://"


def lake_location(given: str | Path) -> str:
    """A folder's absolute path, or ``s3://bucket/prefix``.

    Raises ValueError for another URL than that.
    """
    text = str(given)
    if "://" not in text:
        return str(Path(text).absolute())
    bucket, *prefix = text.removeprefix(_SCHEME).rstrip("/").split("/")
    if not text.startswith(_SCHEME):
        problem = "its scheme is not s3"
    elif not bucket:
        problem = "it names no bucket"
    elif any(character in text for character in "?#@"):
        problem = "it holds more than a bucket and a prefix"
    elif {"", ".", ".."} & set(prefix):
        problem = "a part of its prefix is empty, . or .."
    else:
        return text.rstrip("/")
    # Not the URL itself where it may hold credentials.
    shown = "the URL" if "@" in text else repr(text)
    raise ValueError(
        f"{shown} cannot be the lake: {problem}; expected a folder or s3://bucket/prefix "
        "in --lake or HEALTHSCORE_LAKE"
    )


def is_bucket(location: str) -> bool:
    """Whether a location is in an object store."""
    return location.startswith(_SCHEME)
