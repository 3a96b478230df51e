"""What each feed tells: its columns, their headers, and which of its days say when a row counts."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "word", "day", "amount", "whole", "yes_no", "prose"]
"""What the cells of a column hold; a ``word`` is one of a closed list, ``prose`` is never kept."""

_TYPES = {"day": "date", "amount": "float64", "whole": "float64", "yes_no": "boolean"}


@dataclass(frozen=True)
class Field:
    """A column of a feed.

    ``headers`` are those that name it, the best first. A row without a cell that is ``required`` is
    refused. ``words`` puts spellings to what is published; a ``word`` has no others. ``least`` and
    ``most`` bound numbers.
    """

    name: str
    kind: Kind
    headers: tuple[str, ...]
    required: bool = False
    words: tuple[tuple[str, str], ...] = ()
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Feed:
    """A kind of file, one folder below the exports.

    ``begins`` is the day from which a row is known, ``ends`` are the days of what happens to it
    later, each with the columns that are only known from that day on; ``counted_on`` are the days
    whose months a row counts in. ``key`` tells rows apart; a row without it is known by all its
    columns but those of ``ends``. A ``register`` tells the whole state on one day.
    """

    name: str
    says: str
    fields: tuple[Field, ...]
    begins: str
    ends: tuple[tuple[str, tuple[str, ...]], ...] = ()
    counted_on: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    register: bool = False

    @property
    def happens(self) -> tuple[str, ...]:
        """The days of what has happened, unlike those of what is due."""
        return (self.begins, *(end for end, _ in self.ends))

    @property
    def prose(self) -> tuple[Field, ...]:
        """The columns with words of people."""
        return tuple(field for field in self.fields if field.kind == "prose")

    @property
    def columns(self) -> dict[str, str]:
        """The columns of its rows and their types; what is prose is in one column, ``text``."""
        told = {f.name: _TYPES.get(f.kind, "string") for f in self.fields if f.kind != "prose"}
        text = {"text": "string"} if self.prose else {}
        return {"source_row": "int64", **told, **text}

    def field(self, name: str) -> Field:
        """A column by its name. Raises KeyError when there is none."""
        return {field.name: field for field in self.fields}[name]


REGISTER_LASTS_DAYS = 45
"""How old the newest snapshot may be at a month's end and still be delivered (SCORING.md 5)."""

_CLIENT = (
    "client id", "client", "account id", "account", "customer id", "customer", "company id",
    "company", "organization id", "organisation id", "organization", "organisation",
    "licensee", "licensee id", "pendo account id",
)  # fmt: skip
_CLIENT_NAMES = (
    "client name", "account name", "customer name", "company name", "organization name",
    "organisation name", "name",
)  # fmt: skip


def _client(*first: str) -> Field:
    """The client of a row, by id, else by name."""
    headers = (*first, *_CLIENT, *(name for name in _CLIENT_NAMES if name != "name"))
    return Field("client_id", "text", tuple(dict.fromkeys(headers)), required=True)


ACCOUNTS = Feed(
    "accounts",
    "the account register: one row per client, as it is on one day",
    register=True,
    begins="snapshot_date",
    key=("client_id",),
    fields=(
        Field(
            "client_id",
            "text",
            # Salesforce's and HubSpot's own ids last: a register may hold both.
            (*_CLIENT, "id", "record id", "account number"),
            required=True,
        ),
        Field("client_name", "text", _CLIENT_NAMES),
        Field("segment", "text", ("segment", "customer segment", "account segment", "tier")),
        Field("seats", "whole", ("seats", "licenses", "licences", "licensed seats"), least=0),
        Field(
            "arr",
            "amount",
            ("arr", "annual recurring revenue", "current arr", "arr amount"),
            least=0,
        ),
        Field(
            "contract_start",
            "day",
            ("contract start", "contract start date", "start date", "customer since"),
        ),
        Field(
            "contract_end",
            "day",
            ("contract end", "contract end date", "end date", "churn date"),
        ),
        Field(
            "renewal_date",
            "day",
            ("renewal date", "renewal", "next renewal", "next renewal date",
             "contract renewal date"),
        ),
        Field(
            "owner",
            "text",
            (
                "owner", "account owner", "company owner", "owner name", "account manager", "csm",
                "customer success manager", "account owner full name",
            ),
        ),
        Field(
            "owner_email",
            "text",
            ("owner email", "account owner email", "owner e-mail", "csm email"),
        ),
        Field("plan", "text", ("plan", "subscription plan", "product plan", "edition")),
        Field("industry", "text", ("industry", "vertical")),
        Field(
            "parent",
            "text",
            ("parent", "parent account", "parent id", "parent account id", "parent company",
             "parent name"),
        ),
        Field(
            "snapshot_date",
            "day",
            ("snapshot date", "as of", "as of date", "snapshot", "report date"),
        ),
    ),
)  # fmt: skip

SUPPORT_TICKETS = Feed(
    "support_tickets",
    "support tickets: one row per ticket",
    begins="created",
    ends=(("closed", ("csat",)),),
    counted_on=("created", "closed"),
    key=("ticket_id",),
    fields=(
        Field(
            "ticket_id",
            "text",
            ("ticket id", "id", "ticket", "ticket number", "case number", "case id"),
            required=True,
        ),
        _client(),
        Field(
            "created",
            "day",
            ("created", "created at", "created date", "create date", "opened", "opened at",
             "date created"),
            required=True,
        ),
        Field(
            "closed",
            "day",
            ("closed", "closed at", "solved at", "resolved at", "closed date", "date closed",
             "solved", "resolved"),
        ),
        Field("priority", "text", ("priority", "ticket priority", "severity")),
        Field("escalated", "yes_no", ("escalated", "is escalated", "escalation")),
        Field("tags", "text", ("tags", "current tags", "labels")),
        Field(
            "csat",
            "amount",
            ("csat", "satisfaction score", "satisfaction", "satisfaction rating", "csat score"),
            # Zendesk tells good and bad only, and whether it asked at all.
            words=(("good", "5"), ("bad", "1"), ("good with comment", "5"),
                   ("bad with comment", "1"), ("offered", ""), ("not offered", ""),
                   ("unoffered", "")),
            least=1,
            most=5,
        ),
        Field("subject", "prose", ("subject", "title", "summary")),
        Field("body", "prose", ("body", "description", "message", "comment")),
    ),
)  # fmt: skip

SURVEYS = Feed(
    "surveys",
    "survey answers: one row per answer",
    begins="date",
    counted_on=("date",),
    key=("answer_id",),
    fields=(
        Field("answer_id", "text", ("answer id", "response id", "survey response id", "id")),
        _client(),
        Field(
            "respondent",
            "text",
            ("respondent", "person email", "email", "e-mail", "respondent email", "person",
             "person id", "visitor id"),
        ),
        Field(
            "date",
            "day",
            ("date", "answered", "answered at", "responded at", "response date", "created at",
             "survey date", "completed at", "submitted at"),
            required=True,
        ),
        Field(
            "kind",
            "word",
            ("kind", "survey type", "type", "metric", "nps or csat"),
            words=(("nps", "nps"), ("csat", "csat")),
        ),
        Field("score", "whole", ("score", "rating", "answer"), least=0, most=10),
        Field("nps", "whole", ("nps", "nps score"), least=0, most=10),
        Field("csat", "whole", ("csat", "csat score"), least=1, most=5),
        Field("comment", "prose", ("comment", "comments", "feedback", "verbatim", "text")),
    ),
)  # fmt: skip

INVOICES = Feed(
    "invoices",
    "invoices: one row per invoice",
    begins="issued",
    ends=(("paid", ("status",)),),
    counted_on=("issued", "paid"),
    key=("invoice_id",),
    fields=(
        Field(
            "invoice_id",
            "text",
            ("invoice id", "id", "number", "invoice number", "invoice"),
        ),
        _client("client id (metadata)", "client_id (metadata)", "account_id (metadata)"),
        Field(
            "issued",
            "day",
            ("issued", "issued at", "invoice date", "finalized at (utc)", "date (utc)",
             "created (utc)", "date", "created", "finalized at"),
            required=True,
        ),
        Field("due", "day", ("due", "due date", "due date (utc)", "due at")),
        Field("paid", "day", ("paid at (utc)", "paid at", "payment date", "paid date", "paid")),
        Field(
            "amount",
            "amount",
            ("amount", "amount due", "total", "invoice amount", "amount billed"),
            required=True,
        ),
        Field("status", "text", ("status", "invoice status")),
    ),
)  # fmt: skip

TOUCHPOINTS = Feed(
    "touchpoints",
    "touchpoints: one row per meeting, call, training or event with a client",
    begins="date",
    counted_on=("date",),
    key=("touchpoint_id",),
    fields=(
        Field("touchpoint_id", "text", ("touchpoint id", "activity id", "event id", "id")),
        _client(),
        Field(
            "date",
            "day",
            ("date", "activity date", "due date", "held on", "start date", "created at"),
            required=True,
        ),
        Field("kind", "text", ("kind", "type", "activity type", "touchpoint type")),
        Field("meaningful", "yes_no", ("meaningful", "is meaningful")),
        Field(
            "executive",
            "yes_no",
            ("executive", "executive present", "executive involved", "exec present"),
        ),
        Field("training", "whole", ("training", "trained", "people trained", "certified"), least=0),
        Field("community", "whole", ("community", "community posts", "posts"), least=0),
    ),
)  # fmt: skip

STAKEHOLDERS = Feed(
    "stakeholders",
    "stakeholders: one row per person whenever its role or status changes",
    begins="date",
    counted_on=("date",),
    key=("client_id", "person", "date"),
    fields=(
        _client(),
        Field(
            "person",
            "text",
            ("person", "stakeholder", "email", "contact", "contact email", "person email",
             "visitor id"),
            required=True,
        ),
        Field("role", "text", ("role", "stakeholder role", "contact role")),
        Field(
            "status",
            "word",
            ("status", "stakeholder status"),
            required=True,
            words=(("active", "active"), ("joined", "active"), ("new", "active"),
                   ("left", "left"), ("departed", "left"), ("inactive", "left"), ("gone", "left")),
        ),
        Field(
            "date",
            "day",
            ("date", "status date", "changed on", "since", "as of", "last modified date"),
            required=True,
        ),
    ),
)  # fmt: skip

RENEWALS = Feed(
    "renewals",
    "renewals: one row per decision about a contract",
    begins="date",
    counted_on=("date",),
    key=("client_id", "date", "outcome"),
    fields=(
        _client(),
        Field("date", "day", ("date", "renewal date", "close date", "decided on"), required=True),
        Field(
            "outcome",
            "word",
            ("outcome", "result", "renewal outcome", "renewal status", "status"),
            required=True,
            words=(("renewed", "renewed"), ("churned", "churned"), ("lost", "churned"),
                   ("expanded", "expanded"), ("expansion", "expanded"), ("upsell", "expanded"),
                   ("contracted", "contracted"), ("contraction", "contracted"),
                   ("downgraded", "contracted")),
        ),
        Field("arr_before", "amount", ("arr before", "previous arr", "old arr"), least=0),
        Field("arr_after", "amount", ("arr after", "new arr", "renewed arr"), least=0),
    ),
)  # fmt: skip

FEEDS = {
    feed.name: feed
    for feed in (
        ACCOUNTS, SUPPORT_TICKETS, SURVEYS, INVOICES, TOUCHPOINTS, STAKEHOLDERS, RENEWALS
    )
}  # fmt: skip
"""Every feed, by the name of its folder."""
