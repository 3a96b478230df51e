"""A lake in a bucket of an S3-compatible object store."""

import functools
import hashlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotModifiedError, PreconditionError
from obstore.store import S3Store

from healthscore_assets.lake.bucket_errors import plain_error
from healthscore_assets.lake.process_folder import ProcessFolder
from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable

if TYPE_CHECKING:
    from obstore import Bytes, GetOptions, GetResult

PATIENCE = timedelta(seconds=25)
"""For how long a request is tried again, at growing intervals, while the store does not answer."""

TIMEOUT = timedelta(seconds=20)
"""For one request. What is large goes in pieces, so that each is through by then."""

_PIECE = 8 * 1024 * 1024
_PARTS_AT_ONCE = 2
_TIMES_REPLACED = 5


class Bucket:
    """Objects below a prefix; see `Store`. One is replaced by one upload, complete or not at all.

    Credentials, endpoint and region are the client library's to find, from ``AWS_*``. A version of
    an object is downloaded once per process.
    """

    def __init__(
        self, url: str, patience: timedelta = PATIENCE, timeout: timedelta = TIMEOUT
    ) -> None:
        self.location = url
        with self._plainly("reading the settings"):
            self._store = _client(url, patience, timeout)
        local = Path(tempfile.mkdtemp(dir=_process_folder().path))
        self.workshop, self._copies = local / "stage", local / "copies"
        self._newest: dict[str, str] = {}
        self._bucket_seen = False

    @classmethod
    @functools.cache
    def at(cls, url: str) -> "Bucket":
        """The bucket of that URL, one client per process."""
        return cls(url)

    @property
    def shared(self) -> bool:
        """No: the local files are this process's own."""
        return False

    def place(self, key: str) -> str:
        """The object's URL."""
        return f"{self.location}/{key}"

    def has(self, key: str) -> bool:
        """Whether the object is there."""
        with self._plainly("reading", key):
            try:
                obstore.head(self._store, key)
            except FileNotFoundError:
                self._see_bucket()
                return False
        return True

    def file(self, key: str) -> Path:
        """A local copy of the newest version. Raises FileNotFoundError when there is none."""
        with self._plainly("reading", key):
            for _ in range(_TIMES_REPLACED):
                try:
                    return self._copied(key)
                except PreconditionError:
                    continue
                except FileNotFoundError:
                    self._see_bucket()
                    raise
        raise LakeUnavailable(f"{self.place(key)}: was replaced while it was read; try again")

    def forget(self, key: str) -> None:
        """Remove the local copies of an object; the next reader downloads it again."""
        copies = self._copies / key
        if copies.exists():
            shutil.rmtree(copies)

    def key_of(self, path: Path) -> str | None:
        """The key of an object, of which the path is the local copy."""
        if not path.is_relative_to(self._copies):
            return None
        return path.relative_to(self._copies).parent.as_posix()

    def keys(self, folder: str) -> list[str]:
        """The keys below ``<folder>/``, in no order; one listing."""
        with self._plainly("listing", folder):
            return [each["path"] for some in obstore.list(self._store, folder) for each in some]

    def put(self, staged: Path, key: str) -> None:
        """Upload a local file, which becomes the local copy: readers see the old or the new one.

        What is large is uploaded in parts, which become the object when all are there.
        """
        staged.stat()  # a file that is not there is no missing bucket
        with self._plainly("writing", key):
            try:
                done = obstore.put(self._store, key, staged, max_concurrency=_PARTS_AT_ONCE)
            except FileNotFoundError as error:
                raise plain_error(error, f"{self.place(key)}: writing") from None
        version = done["e_tag"]
        if version is not None:
            staged.replace(self._copy_of(key, version))
            self._newest[key] = version

    def delete(self, key: str) -> bool:
        """Delete an object; says whether it was there."""
        if not self.has(key):
            return False
        with self._plainly("deleting", key):
            obstore.delete(self._store, key)
        return True

    def _copied(self, key: str) -> Path:
        """Raises PreconditionError when the object is replaced meanwhile."""
        known = self._newest.get(key)
        try:
            options: GetOptions = {"range": (0, _PIECE)}
            if known is not None and self._copy_of(key, known).exists():
                options["if_none_match"] = known
            found = obstore.get(self._store, key, options=options)
        except NotModifiedError:
            assert known is not None
            return self._copy_of(key, known)
        version = found.meta["e_tag"]
        if version is None:
            raise LakeRefused(f"{self.location}: its objects have no ETag; expected an S3 store")
        copy = self._copy_of(key, version)
        if not copy.exists():
            part = copy.with_name(f"{uuid.uuid4().hex}.part")
            try:
                with part.open("wb") as stream:
                    for piece in self._pieces(key, found):
                        stream.write(piece)
                part.replace(copy)
            finally:
                part.unlink(missing_ok=True)
        self._newest[key] = version
        return copy

    def _pieces(self, key: str, found: "GetResult") -> "Iterator[Bytes]":
        """The bytes of one version, of which the first piece was asked for already."""
        yield found.bytes()
        for start in range(_PIECE, found.meta["size"], _PIECE):
            options: GetOptions = {
                "if_match": found.meta["e_tag"],
                "range": (start, start + _PIECE),
            }
            yield obstore.get(self._store, key, options=options).bytes()

    def _copy_of(self, key: str, version: str) -> Path:
        copy = self._copies / key / hashlib.sha256(version.encode()).hexdigest()[:32]
        copy.parent.mkdir(parents=True, exist_ok=True)
        return copy

    def _see_bucket(self) -> None:
        """Tell an object that is not there from a bucket that is not: both are 404."""
        if not self._bucket_seen:
            with self._plainly("listing"):
                obstore.list_with_delimiter(self._store)
            self._bucket_seen = True

    @contextmanager
    def _plainly(self, doing: str, key: str = "") -> Iterator[None]:
        """Raises LakeUnavailable or LakeRefused for what the library raises."""
        try:
            yield
        except BaseError as error:
            place = self.place(key) if key else self.location
            raise plain_error(error, f"{place}: {doing}") from None


@functools.cache
def _process_folder() -> ProcessFolder:
    return ProcessFolder()


def _client(url: str, patience: timedelta, timeout: timedelta) -> S3Store:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return S3Store(
        bucket,
        prefix=prefix or None,
        client_options={
            "allow_http": True,  # the endpoint says whether it is http or https
            "timeout": timeout,
            "connect_timeout": timedelta(seconds=5),
        },
        retry_config={
            "max_retries": 20,
            "retry_timeout": patience,
            "backoff": {
                "init_backoff": timedelta(milliseconds=200),
                "max_backoff": timedelta(seconds=4),
                "base": 2,
            },
        },
        disable_bulk_delete=True,  # not every store can, and one object is deleted at a time
    )
