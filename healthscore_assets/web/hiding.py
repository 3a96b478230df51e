"""The forms in which a server or a library may repeat a secret, so that none of them is shown."""

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, urlsplit

_LONG = 6
"""Characters from which a part of a secret is one: shorter ones are words such as ``api``."""


def forms(*secrets: str) -> tuple[str, ...]:
    """Each secret as it is, percent-encoded, escaped, and in base64 within anything."""
    return tuple(sorted({form for secret in secrets for form in _forms(secret) if form}))


def forms_of_url(url: str) -> tuple[str, ...]:
    """All forms of a URL and of what is secret in it: everything but scheme, host and port."""
    try:
        parts = urlsplit(url)
        login = [parts.username or "", parts.password or ""]
    except ValueError:  # no URL, and then all of it is secret
        return forms(url)
    told = parts.path + (f"?{parts.query}" if parts.query else "")
    pieces = re.split(r"[/?&=;#]", f"{told}#{parts.fragment}")
    whole = [url, told, parts.path.rstrip("/"), parts.path.strip("/"), parts.query, *login]
    return forms(
        *(each for each in whole if len(each) > 1), *(p for p in pieces if len(p) >= _LONG)
    )


def forms_of_services(urls: str) -> tuple[str, ...]:
    """All forms of Apprise's URLs, parted by commas: of many services the host is a key as well."""
    pieces = re.split(r"[/?&=;#:@,\s]+", urls)
    whole = [each for url in re.split(r"[,\s]+", urls) for each in forms_of_url(url)]
    return tuple(sorted({*forms(urls, *(p for p in pieces if len(p) >= _LONG)), *whole}))


def _forms(secret: str) -> Iterator[str]:
    for plain in {secret, unquote(secret)}:
        yield from (plain, html.escape(plain))
        for written in (json.dumps(plain), json.dumps(plain, ensure_ascii=False)):
            yield from (written[1:-1], written[1:-1].replace("/", "\\/"))
        for encoded in (quote(plain), quote(plain, safe=""), quote_plus(plain)):
            yield encoded
            yield re.sub("%..", lambda found: found[0].lower(), encoded)
        yield from _in_base64(plain.encode())


def _in_base64(secret: bytes) -> Iterator[str]:
    """What stays the same of it in base64 whatever stands before and after."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode()
        first, last = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        if last - first >= _LONG:
            yield encoded[first:last]
            yield encoded[first:last].translate(str.maketrans("+/", "-_"))
