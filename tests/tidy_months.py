"""Tidy months for properties: few clients, with ids and features that break careless readers."""

from __future__ import annotations

import re

from dirt import TidyMonth, Use
from hypothesis import strategies as st

CLIENTS = (
    *("acme", "ACME", "007", "7", "0", "4", "1E5", "NULL", "nan", "None", "true", "acme::north"),
    *("Zürich", "漢字", "a b", "Smith, Jane", 'say "so"', "O'Brien", "=1+1", "#N/A", "-5", "1.5"),
    *("2024-05-01", "a|b", "a;b", "[x]", "{y}", "a\\b", "Ünï\u0301", "12345678901234567890"),
)
VISITORS = (*CLIENTS, "ann@acme.example", "internal", "Client", "e\u0301", "é")
FEATURES = (
    *("Export", "Export - Old", "Export_beta", "Reports | Charts", "Reports | Export, all"),
    *('Say "hi"', "Data/Quality | E-mail", "Ünïcode | 漢字", "Release 1.1", "50% off", "100"),
    *("Clicks", "Minutes", "Export (beta)", "=SUM(A1)", "a;b", "A | B | C", "Straße", "clicks for"),
)
LETTERS = "abcXYZ019äéß漢字"
INSIDE = (*LETTERS, ", ", " ", *";\"'&+#%!?*=@-_/")
"""Pieces of random ids and features: no comma of a list, no parentheses (suffixes), no colon or
pipe (separators)."""


def _random(longest: int) -> st.SearchStrategy[str]:
    """Texts that trimming does not change, without a separator and without two spaces in a row."""
    inside = st.lists(st.sampled_from(INSIDE), max_size=longest - 2).map("".join)
    ends = st.sampled_from(LETTERS)
    whole = st.builds(lambda first, rest, last: first + rest + last, ends, inside, ends)
    return whole.map(lambda text: re.sub(" +", " ", text).replace(" / ", "/"))


client_ids = st.one_of(st.sampled_from(CLIENTS), _random(6))
visitor_ids = st.one_of(st.sampled_from(VISITORS), _random(6))
features = st.one_of(st.sampled_from(FEATURES), _random(8))

AMOUNTS = {
    "clicks": st.one_of(st.integers(1, 12), st.integers(1, 2_000_000)).map(float),
    "page_views": st.integers(1, 3000).map(float),
    "minutes": st.integers(1, 12_000).map(lambda quarters: quarters / 4),
    "days_active": st.integers(1, 5).map(float),
}
"""What five visitors of a client can do in a month together, so that clients can be summed."""

MEASURES = {
    "events": [("clicks",), ("clicks", "minutes"), ("page_views", "minutes")],
    "wide": [("clicks",), ("clicks", "minutes"), tuple(AMOUNTS)],
}
"""Which measures can be together in a file of a shape."""


@st.composite
def tidy_months(draw: st.DrawFn, shape: str) -> TidyMonth:
    """Up to five visitors, some without usage, of up to four clients; one to six features."""
    clients = draw(st.lists(client_ids, min_size=1, max_size=4, unique=True))
    person = st.tuples(st.sampled_from(clients), visitor_ids)
    people = draw(st.lists(person, min_size=1, max_size=5, unique=True))
    # Case alone does not make a feature (SCORING.md section 2).
    names = draw(st.lists(features, min_size=1, max_size=6, unique_by=str.casefold))
    measures = draw(st.sampled_from(MEASURES[shape]))
    uses = []
    for client, visitor in people:
        for feature, measure in draw(
            st.lists(
                st.tuples(st.sampled_from(names), st.sampled_from(measures)),
                max_size=8,
                unique=True,
            )
        ):
            uses.append(Use(client, visitor, feature, measure, draw(AMOUNTS[measure])))
    used = {(use.client, use.visitor) for use in uses}
    if not uses:
        client, visitor = people[0]
        uses = [Use(client, visitor, names[0], measures[0], 1.0)]
        used = {people[0]}
    idle = tuple(pair for pair in people if pair not in used)
    month = draw(st.sampled_from(("2024-02", "2024-05", "2023-12", "2024-06")))
    return TidyMonth(month, tuple(uses), idle, draw(st.sampled_from(("external", "internal"))))
