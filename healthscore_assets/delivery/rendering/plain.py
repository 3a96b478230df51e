"""A document as plain text: for terminals, mails without HTML and whatever takes nothing else."""

from collections.abc import Iterator

from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.rendering.shown import SIGNS, shown


def plain_text(document: Document) -> str:
    """All of the document, a line each, paragraphs parted by empty lines."""
    return "\n\n".join(_paragraphs(shown(document))) + "\n"


def _paragraphs(document: Document) -> Iterator[str]:
    yield document.title
    if document.intro:
        yield document.intro
    if document.image is not None and document.image.says:
        yield document.image.says
    for section in document.sections:
        lines = (
            f"  {SIGNS[line.tone]:<2} {line.text}{f': {line.detail}' if line.detail else ''}"
            for line in section.lines
        )
        yield "\n".join([section.heading, *lines])
    if document.closing:
        yield document.closing
