"""The pages of a month: its whole window first, halves of what is too much, down to a day."""

from collections.abc import Callable, Iterator
from pathlib import Path

from healthscore_assets.pendo.api.bodies import Window, days_body, events_body
from healthscore_assets.pendo.api.client import Pendo
from healthscore_assets.pendo.api.days import Days, days_of, difference, read_days
from healthscore_assets.pendo.api.failed import NotWhole, PullFailed, TooMuch
from healthscore_assets.pendo.api.kept import Kept, KeptPage
from healthscore_assets.pendo.api.nothing import believed
from healthscore_assets.pendo.api.pages import Page, read_page

_BYTES_OF_A_ROW = 4096
_BYTES_OF_DAYS = 1 << 20

OnPage = Callable[[Window, KeptPage], None]


def pull_window(
    pendo: Pendo, window: Window, kept: Kept, page_rows: int, on_page: OnPage
) -> Iterator[Window]:
    """Get the pages of a window that are not kept yet; yields the windows that they are got in.

    Raises PullFailed.
    """
    if not kept.is_split(window):
        try:
            _get(pendo, window, kept, page_rows, on_page)
        except TooMuch as too_much:
            if window.days == 1:
                raise _no_smaller(pendo, window, too_much) from None
            pendo.tell(f"{window}: {too_much}; asked for in two halves")
            kept.split(window)
        else:
            yield window
            return
    for half in window.halves():
        yield from pull_window(pendo, half, kept, page_rows, on_page)


def _no_smaller(pendo: Pendo, window: Window, too_much: TooMuch) -> PullFailed:
    todo = "if it goes on, see whether Pendo is well"
    if too_much.by_settings:
        todo = "set page_rows or timeout_seconds in sources.yaml"
    return PullFailed(
        f"{pendo.place}: {too_much} for {window}, and there is no smaller window; {todo}, or "
        "export that month by hand"
    )


def _get(pendo: Pendo, window: Window, kept: Kept, page_rows: int, on_page: OnPage) -> None:
    """Get all pages, and hold them against what Pendo tells of each day; twice at most.

    A server may end an answer at fewer rows than were asked for, or sort by another order than it
    filters by, and say nothing of it.
    """
    pages = _got(pendo, window, kept, page_rows, on_page)
    why = _difference(pendo, window, kept, pages)
    if why is None:
        return
    pendo.tell(f"{window}: {why}; asked for again")
    kept.forget(window)
    rows = _limit_of_server(pages, page_rows)
    why = _difference(pendo, window, kept, _got(pendo, window, kept, rows, on_page))
    if why is not None:
        raise TooMuch(why)


def _limit_of_server(pages: list[KeptPage], page_rows: int) -> int:
    """The rows of an answer that may have been cut off there, if that is no small part."""
    rows = pages[0].rows
    return rows if len(pages) == 1 and rows * 10 >= page_rows else page_rows


def _got(
    pendo: Pendo, window: Window, kept: Kept, page_rows: int, on_page: OnPage
) -> list[KeptPage]:
    pages: list[KeptPage] = []
    for page in _pages(pendo, window, kept, page_rows):
        on_page(window, page)
        pages.append(page)
    return pages


def _pages(pendo: Pendo, window: Window, kept: Kept, page_rows: int) -> Iterator[KeptPage]:
    begins_with, number = None, 0
    while True:
        page = kept.page(window, number)
        if page is None:
            asked = _asked(pendo, window, kept, begins_with, page_rows)
            page = kept.keep(window, number, asked)
        yield page
        if page.then is None:
            return
        begins_with, number = page.then, number + 1


def _asked(
    pendo: Pendo, window: Window, kept: Kept, begins_with: str | None, page_rows: int
) -> Page:
    def read(answer: Path) -> Page:
        page = read_page(answer, window, begins_with, page_rows)
        if kept.knows(page):
            raise NotWhole("repeats a page that was had already")
        return page

    def ask() -> Page:
        return pendo.ask(
            events_body(window, begins_with, page_rows),
            kept.answer,
            read,
            most_bytes=(page_rows + 1000) * _BYTES_OF_A_ROW,
            smallest=window.days == 1,
        )

    return believed(pendo, ask, _is_empty, f"{window}: no use")


def _is_empty(page: Page) -> bool:
    return not page.rows.num_rows and page.then is None


def _difference(pendo: Pendo, window: Window, kept: Kept, pages: list[KeptPage]) -> str | None:
    """Why the pages of a window cannot be all that Pendo has of it."""
    had = days_of(page.path for page in pages)

    def ask() -> Days:
        return pendo.ask(
            days_body(window),
            kept.answer,
            read_days,
            most_bytes=_BYTES_OF_DAYS,
            smallest=window.days == 1,
        )

    told = believed(pendo, ask, lambda days: bool(had and not days), f"{window}: no use")
    return difference(had, told, pendo.clock())
