"""The URL of a warehouse: what it must look like, and what of it nobody may see."""

from urllib.parse import parse_qsl, unquote, urlsplit

from healthscore_assets.lookups.secrets import redacted
from healthscore_assets.lookups.sources_settings import Backend

_LOOKS: dict[Backend, tuple[tuple[str, ...], str]] = {
    "duckdb": ((), "usage.duckdb or duckdb:///data/usage.duckdb"),
    "postgres": (("postgresql", "postgres"), "postgresql://user:password@host:5432/database"),
    "snowflake": (("snowflake",), "snowflake://user:password@account/DATABASE/SCHEMA?warehouse=WH"),
    "bigquery": (("bigquery",), "bigquery://project/dataset"),
}
_NO_SECRETS = {
    *("application_name", "connect_timeout", "dbname", "host", "hostaddr", "port", "role"),
    *("sslmode", "user", "warehouse"),
}


def problem_of_url(backend: Backend, url: str) -> str | None:
    """What is wrong with a URL, without repeating any of it; None for one that can be tried."""
    schemes, example = _LOOKS[backend]
    if not schemes:
        return None if path_of_url(url) else f"names no file, as {example} does"
    try:
        parts = urlsplit(url)
        plain = "@" not in parts.path and parts.netloc.count("@") <= 1
        usable = plain and parts.scheme in schemes and parts.port != 0
    except ValueError:  # what should be the port is none
        usable = False
    if usable:
        return None
    return f"is no URL such as {example}; percent-encode what is special in its password"


def path_of_url(url: str) -> str:
    """The file of a DuckDB database, from its path or its URL, which may be relative as well."""
    if not url.startswith("duckdb:"):
        return url
    parts = urlsplit(url)
    return unquote(parts.netloc + parts.path)


def without_secrets(text: str, url: str) -> str:
    """A driver's words on one line, without the URL, its password and its keys.

    The path of a file is no secret.
    """
    parts = urlsplit(url)
    told = [each.partition("=") for each in parts.query.split("&")]
    hidden = {
        url if parts.netloc or parts.query else "",
        parts.password or "",
        *(value for name, _, value in told if name not in _NO_SECRETS),
        *(value for name, value in parse_qsl(parts.query) if name not in _NO_SECRETS),
    }
    return redacted(text, *hidden, *map(unquote, hidden))
