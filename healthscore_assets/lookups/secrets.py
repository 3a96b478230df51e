"""Secrets by name. Files name them, the environment or a folder holds them, nothing prints them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SecretMissing(Exception):
    """A secret that settings name is nowhere; the message is one line and names it."""


@dataclass(frozen=True)
class Secrets:
    """Where secrets are: variables, and a folder of files named like them, as Docker has it."""

    variables: Mapping[str, str]
    folder: Path | None = None

    def __repr__(self) -> str:
        """Never their values."""
        return "Secrets()"

    def __contains__(self, name: str) -> bool:
        """Whether there is one of that name that can be read; if not, asking for it says why."""
        try:
            return bool(self._found(name))
        except SecretMissing:
            return False

    def __getitem__(self, name: str) -> str:
        """The secret. Raises SecretMissing where there is none, an empty or an unreadable one."""
        found = self._found(name)
        if not found:
            place = "" if self.folder is None else f", or write it to {self.folder / name}"
            raise SecretMissing(f"{name} is not set; set the environment variable {name}{place}")
        return found

    def _found(self, name: str) -> str:
        told = self.variables.get(name, "").strip()
        if told or self.folder is None:
            return told
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            found = f"{self.folder / name} cannot be read ({reason})"
            raise SecretMissing(f"{found}; write the secret into it as text") from None


def redacted(text: str, *secrets: str) -> str:
    """A text on one line, with secrets in it hidden, as a server or a library may repeat them."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "***")
    return " ".join(text.split())
