"""A document as forms show it: texts on one line each, and no more of it than fits."""

import functools
from bisect import bisect_left
from collections.abc import Callable

from healthscore_assets.delivery.documents.document import Document, Image, Line, Section, Tone
from healthscore_assets.delivery.texts import cut, one_line
from healthscore_assets.monitoring.observation import plural

SIGNS: dict[Tone, str] = {"plain": "•", "good": "✓", "warning": "!", "bad": "!!"}
"""The tone of a line for those who see no colours."""

TITLE, _TEXT, _DETAIL, _PARAGRAPH = 150, 300, 600, 1_000
"""The most characters that chats are given of each."""

_NOTHING = "-"


def shown(document: Document) -> Document:
    """The document with texts that show and break nothing; those that must not be empty are not."""
    image = document.image
    return document.model_copy(
        update={
            "title": one_line(document.title) or _NOTHING,
            "intro": one_line(document.intro),
            "sections": tuple(
                Section(
                    heading=one_line(section.heading) or _NOTHING,
                    lines=tuple(
                        Line(
                            text=one_line(line.text) or _NOTHING,
                            detail=one_line(line.detail),
                            tone=line.tone,
                        )
                        for line in section.lines
                    ),
                )
                for section in document.sections
            ),
            "closing": one_line(document.closing),
            "image": image and Image(png=image.png, says=one_line(image.says)),
        }
    )


def fitted(document: Document, fits: Callable[[Document], bool]) -> Document:
    """As much of a document that is `shown` as fits a chat, long texts cut.

    Every section keeps its first lines and says how many more there are; where the headings alone
    are too many, the first sections are kept. Title, intro and closing stay: ``fits`` is to take
    these and 150 characters more.
    """
    short = _short(document)
    if fits(short):
        return short
    lines = max((len(section.lines) for section in short.sections), default=0)
    for most, part in ((lines, _with_lines), (len(short.sections), _with_sections)):
        parts = [functools.partial(part, short, count) for count in range(most + 1)]
        too_many = bisect_left(parts, True, key=lambda make: not fits(make()))
        if too_many:
            return parts[too_many - 1]()
    return _with_sections(short, 0)


def _short(document: Document) -> Document:
    image = document.image
    return document.model_copy(
        update={
            "title": cut(document.title, TITLE),
            "intro": cut(document.intro, _PARAGRAPH),
            "sections": tuple(
                Section(
                    heading=cut(section.heading, TITLE),
                    lines=tuple(
                        Line(
                            text=cut(line.text, _TEXT),
                            detail=cut(line.detail, _DETAIL),
                            tone=line.tone,
                        )
                        for line in section.lines
                    ),
                )
                for section in document.sections
            ),
            "closing": cut(document.closing, _PARAGRAPH),
            "image": image and Image(png=image.png, says=cut(image.says, _PARAGRAPH)),
        }
    )


def _with_lines(document: Document, count: int) -> Document:
    return document.model_copy(
        update={"sections": tuple(_first(section, count) for section in document.sections)}
    )


def _first(section: Section, count: int) -> Section:
    left = len(section.lines) - count
    if left <= 0:
        return section
    more = Line(text=f"... and {left:,} more")
    return Section(heading=section.heading, lines=(*section.lines[:count], more))


def _with_sections(document: Document, count: int) -> Document:
    left = len(document.sections) - count
    if left <= 0:
        return _with_lines(document, 0)
    more = Section(heading=f"... and {plural(left, 'more section')}", lines=())
    kept = tuple(_first(section, 0) for section in document.sections[:count])
    return document.model_copy(update={"sections": (*kept, more)})
