"""What was fetched last, in a hidden file beside: by it the next refresh knows what to leave."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from healthscore_assets.pendo.warehouse.fingerprints import Fingerprint


class Fetched(BaseModel):
    """A file as it was fetched: what the warehouse said of its rows, and the hash of its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: Fingerprint
    sha256: str


class Remembered(BaseModel):
    """The files by name, and the settings that they were fetched by; no secret is among them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    files: dict[str, Fetched] = {}

    @classmethod
    def read(cls, path: Path, source: str) -> "Remembered":
        """What is known of a source; nothing where the file is missing, damaged or of another."""
        try:
            found = cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return cls(source=source)
        return found if found.source == source else cls(source=source)

    def with_file(self, name: str, fetched: Fetched) -> "Remembered":
        """A copy that knows one file more."""
        return Remembered(source=self.source, files=self.files | {name: fetched})

    def without(self, name: str) -> "Remembered":
        """A copy that knows nothing of a file."""
        return Remembered(
            source=self.source, files={n: f for n, f in self.files.items() if n != name}
        )

    def write(self, path: Path, workshop: Path) -> None:
        """Keep it, in one step."""
        part = workshop / path.name
        part.write_text(self.model_dump_json(indent=1), encoding="utf-8")
        part.replace(path)
