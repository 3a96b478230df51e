"""The pages of a month: its whole window first, halves of what is too much, down to a day."""

from collections.abc import Callable, Iterator
from pathlib import Path

from healthscore_assets.pendo.api.bodies import Window, events_body
from healthscore_assets.pendo.api.client import Pendo
from healthscore_assets.pendo.api.failed import NotWhole, PullFailed, TooMuch
from healthscore_assets.pendo.api.kept import Kept, KeptPage
from healthscore_assets.pendo.api.pages import Page, read_page

_EMPTY_TIMES = 3
"""How often nothing at all is asked for: null results are what a server ill answers, too."""

_BYTES_OF_A_ROW = 4096


def pull_window(
    pendo: Pendo,
    window: Window,
    kept: Kept,
    page_rows: int,
    on_page: Callable[[Window, KeptPage], None],
) -> Iterator[Window]:
    """Get the pages of a window that are not kept yet; yields the windows that they are got in.

    Raises PullFailed.
    """
    if not kept.is_split(window):
        try:
            for page in _pages(pendo, window, kept, page_rows):
                on_page(window, page)
        except TooMuch as too_much:
            if window.days == 1:
                raise PullFailed(
                    f"{pendo.place}: {too_much} for {window}, and there is no smaller window; set "
                    "page_rows or timeout_seconds in sources.yaml, or export that month by hand"
                ) from None
            pendo.tell(f"{window}: {too_much}; asked for in two halves")
            kept.split(window)
        else:
            yield window
            return
    for half in window.halves():
        yield from pull_window(pendo, half, kept, page_rows, on_page)


def _pages(pendo: Pendo, window: Window, kept: Kept, page_rows: int) -> Iterator[KeptPage]:
    begins_with, number = None, 0
    while True:
        page = kept.page(window, number)
        if page is None:
            got = _got(pendo, window, kept, begins_with, page_rows)
            page = kept.keep(window, number, got)
        yield page
        if page.then is None:
            return
        begins_with, number = page.then, number + 1


def _got(pendo: Pendo, window: Window, kept: Kept, begins_with: str | None, page_rows: int) -> Page:
    def read(answer: Path) -> Page:
        page = read_page(answer, window, begins_with, page_rows)
        if kept.knows(page):
            raise NotWhole("repeats a page that was had already")
        return page

    body = events_body(window, begins_with, page_rows)
    for _ in range(_EMPTY_TIMES):
        page = pendo.ask(
            body,
            kept.answer,
            read,
            most_bytes=(page_rows + 1000) * _BYTES_OF_A_ROW,
            smallest=window.days == 1,
        )
        if page.rows.num_rows or page.then is not None:
            break
    return page
