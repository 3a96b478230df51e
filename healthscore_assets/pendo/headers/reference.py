"""The headers that are known, written into docs/exports.md by ``make docs``."""

import sys
from pathlib import Path

from healthscore_assets.pendo.headers.aliases import ALIASES, ID, NAME, UNDECIDED, WEAK
from healthscore_assets.pendo.headers.feature_columns import PREFIXES

_BEGIN = "<!-- headers: written by `make docs`, do not edit -->\n"
_END = "<!-- end of headers -->\n"

_TELLS = {
    "client_id": "the client",
    "client_name": "what the client is called",
    "visitor_id": "the visitor",
    "visitor_name": "nothing that is scored; that a row is a visitor's",
    "email": "the visitor's domain, so the audience",
    "is_internal": "the audience",
    "period": "the month; in wide tables it goes before `day`",
    "day": "the day, and so the month; in events it goes before `period`",
    "hour": "the instant of an event, and so its day; goes before `day`; not read in wide tables",
    "feature_id": "the feature, by its id",
    "feature": "the feature, by its name; goes before the id",
    "page_id": "the page, by its id",
    "page": "the page, by its name",
    "events": "clicks, or page views where the rows are of pages",
    "clicks": "clicks",
    "page_views": "page views",
    "minutes": "minutes: of the feature in events, of the visitor in wide tables",
    "days_active": "days with activity: of the feature in events, of the visitor in wide tables",
    "area": "in tables of names the product area, where `lookups/product_areas.csv` has none",
    "parent_client_id": "nothing: the account above the client is not the client",
    "app_id": "nothing that is scored",
    "synced": "in events, which of several files tells of a day: the one synced last",
    "deleted": "in events, whether the row is deleted at its source, and so left out",
    "active": "in events, whether the row is still so at its source, or left out",
}


def with_reference(document: str) -> str:
    """The document with the tables of headers between its two marks as the code has them."""
    before, _, rest = document.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{header_reference()}\n{_END}{after}"


def header_reference() -> str:
    """By canonical column, and by measure of a feature column, what may be written, in Markdown."""
    lines = ["| column | headers | tells |", "| --- | --- | --- |"]
    lines += [
        f"| `{column}` | {', '.join(headers)} | {_TELLS[column]} |"
        for column, headers in ALIASES.items()
    ]
    ids, names = (", ".join(UNDECIDED[each]) for each in (ID, NAME))
    lines += ["", f"- Told by the columns beside them: {ids};", f"  {names}."]
    lines += ["- Not read beside a column that names the client or the visitor:"]
    lines += [f"  {', '.join(WEAK)}.", ""]
    lines += ["| measure | before `for` and the feature |", "| --- | --- |"]
    lines += [f"| `{measure}` | {', '.join(words)} |" for measure, words in PREFIXES.items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(with_reference(path.read_text(encoding="utf-8")), encoding="utf-8")
