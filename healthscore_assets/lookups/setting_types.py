"""What settings are made of, whichever file and section they are in."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SECRET_NAME = r"^[A-Z][A-Z0-9_]*$"
SecretName = Annotated[str, Field(pattern=SECRET_NAME)]
"""The name of an environment variable; the secret itself never stands in the file."""

Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=300)]


class Section(BaseModel):
    """A part of the file: what it does not know is refused, and nothing changes it once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is no address of a server") from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("must be an address alone; put secrets into environment variables")
    if parts.scheme not in ("https", "http") or not host:
        raise ValueError("must be an address such as https://example.com")
    if parts.scheme == "http" and not is_this_machine(host):
        raise ValueError("must begin with https://; http:// is for this machine alone")
    return url.rstrip("/")


def is_this_machine(host: str) -> bool:
    """Whether a host is the machine itself, where nobody listens on the way."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


ServerAddress = Annotated[str, AfterValidator(_address)]
"""Where a server is, without a secret in it."""
