"""Columns that several tables share, declared once."""

import datetime

import pandera.ibis as pa

LARGEST_VALUE = 1e9
"""Largest amount a cell may hold: a thousand of it still fit in 18 digits with six decimals."""

CLIENT_ID = pa.Column(
    str, pa.Check.str_length(min_value=1), description="Client (account), as the export spells it."
)
VISITOR_ID = pa.Column(
    str,
    pa.Check.str_length(min_value=1),
    nullable=True,
    description="Visitor, a person using the product; null where the export lists no visitors.",
)
AUDIENCE = pa.Column(
    str,
    pa.Check.isin(["external", "internal"]),
    description="Whether the visitor is the client's own or the vendor's staff.",
)
FEATURE = pa.Column(
    str,
    pa.Check.str_length(min_value=1),
    description="Feature, spelled as in `product_areas.csv` where it is listed there.",
)
MEASURE = pa.Column(
    str,
    pa.Check.isin(["clicks", "page_views", "minutes", "days_active"]),
    description="What `value` counts.",
)
AUDIENCE_OR_ALL = pa.Column(
    str,
    pa.Check.isin(["all", "external", "internal"]),
    description="Visitors counted; `all` is external and internal together.",
)
AREA = pa.Column(
    str,
    pa.Check.str_length(min_value=1),
    description="Product area: that of `product_areas.csv`, else Pendo's, else the one in the "
    "feature's name where `area_from_feature` is set, else `Unmapped`.",
)


def score(description: str) -> pa.Column:
    """A nullable 0-100 column."""
    return pa.Column(float, pa.Check.in_range(0, 100), nullable=True, description=description)


def change(description: str) -> pa.Column:
    """A nullable difference of two scores."""
    return pa.Column(float, pa.Check.in_range(-100, 100), nullable=True, description=description)


def count(description: str, *, nullable: bool = False) -> pa.Column:
    """A whole number from 0."""
    return pa.Column(int, pa.Check.ge(0), nullable=nullable, description=description)


def amount(description: str, *, nullable: bool = False) -> pa.Column:
    """A number from 0."""
    return pa.Column(float, pa.Check.ge(0), nullable=nullable, description=description)


FEED_CLIENT = pa.Column(
    str,
    pa.Check.str_length(min_value=1),
    description="Client (account): the id that the file gives, else the one of the client of that "
    "name.",
)


def optional_text(description: str) -> pa.Column:
    """A text that may be missing."""
    return pa.Column(str, nullable=True, description=description)


def flag(description: str) -> pa.Column:
    """A yes or no that may be missing."""
    return pa.Column(bool, nullable=True, description=description)


def day(description: str, *, nullable: bool = False) -> pa.Column:
    """A calendar day."""
    return pa.Column(datetime.date, nullable=nullable, description=description)


SENTIMENT = {
    "sentiment": pa.Column(
        float,
        pa.Check.in_range(-1, 1),
        nullable=True,
        description="Sentiment of the words, from -1 (bad) to 1 (good); null without words, where "
        "they are too few, and in other languages than the model's.",
    ),
    "text_sha256": optional_text("Hash of the words, which are not kept; null without any."),
    "sentiment_model": optional_text("Model that read the words; null without any."),
}
