"""What those who run healthscore are to know: what failed, what is late, what is odd."""

from collections.abc import Sequence

from healthscore_assets.delivery.documents.document import Document, Line, Section


def operators_report(
    title: str, lines: Sequence[Line], intro: str = "", closing: str = ""
) -> Document:
    """A report to operators: a line for each thing, ``bad`` where somebody has to act.

    ``data`` are the lines, for programs.
    """
    return Document(
        purpose="operators",
        title=title,
        intro=intro,
        sections=(Section(heading="What there is to know", lines=tuple(lines)),) if lines else (),
        closing=closing,
        data={"lines": [line.model_dump() for line in lines]},
    )
