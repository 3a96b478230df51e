"""What a message says, before it takes the form of a channel.

Texts are plain: whatever a channel would read as markup, a mention or a formula is what a client
happens to be called, and the forms in `delivery/rendering/` show it as it is.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from healthscore_assets.delivery.texts import whole

Tone = Literal["plain", "good", "warning", "bad"]
"""How a line is to be taken; a form may give it a colour or a sign."""

Purpose = Literal["alerts", "digest", "portfolio", "operators", "scores", "trial"]
"""Why a message is sent: strong alerts at once, an owner's digest of the day, the portfolio of the
week, what operators are to know, scores of a month for another system, and a trial of a channel."""


def _whole(told: Any) -> Any:
    """A value, and all that it holds, without halves of characters: JSON cannot hold those."""
    if isinstance(told, str):
        return whole(told)
    if isinstance(told, dict):
        return {_whole(name): _whole(value) for name, value in told.items()}
    return [_whole(each) for each in told] if isinstance(told, list | tuple) else told


Text = Annotated[str, BeforeValidator(_whole)]


class _Said(BaseModel):
    # A message waits as JSON, with the bytes of its image in base64.
    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64"
    )


class Line(_Said):
    """One line: what it is about, and what is said of it."""

    text: Text
    detail: Text = ""
    tone: Tone = "plain"


class Section(_Said):
    """Lines under a heading."""

    heading: Text
    lines: tuple[Line, ...]


class Image(_Said):
    """A picture; ``says`` is what it shows, for those who cannot see it."""

    png: bytes
    says: Text


class Document(_Said):
    """A message. ``title`` is its subject, ``data`` the same for programs, as JSON takes it."""

    purpose: Purpose
    title: Annotated[Text, Field(min_length=1)]
    intro: Text = ""
    sections: tuple[Section, ...] = ()
    closing: Text = ""
    image: Image | None = None
    data: Annotated[dict[str, Any], AfterValidator(_whole)] = {}

    def as_json(self) -> str:
        """As it is kept until it is sent."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, kept: str) -> Self:
        """As it was."""
        return cls.model_validate_json(kept)
