"""docs/feeds.md tells of the columns that the code knows."""

from pathlib import Path

from healthscore_assets.signals.feeds import FEEDS, Field
from healthscore_assets.signals.reference import with_feeds

DOCUMENT = Path(__file__).parents[2] / "docs" / "feeds.md"


def test_the_document_is_what_make_docs_writes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_feeds(text) == text
    assert all(f"### `exports/{feed}/`" in text for feed in FEEDS)


def test_no_header_names_two_columns_of_a_feed() -> None:
    for feed in FEEDS.values():
        headers = [header for field in feed.fields for header in (*field.headers, field.name)]
        spelled = [header.replace(" ", "").replace("_", "") for header in headers]
        of = {s: [f.name for f in feed.fields if s in _spellings(f)] for s in spelled}
        assert {s: names for s, names in of.items() if len(names) > 1} == {}, feed.name


def _spellings(field: Field) -> set[str]:
    names = (*field.headers, field.name)
    return {name.replace(" ", "").replace("_", "") for name in names}
