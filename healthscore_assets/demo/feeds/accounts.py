"""The account register: a snapshot at the end of every month."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from healthscore_assets.demo.clients import stream
from healthscore_assets.demo.feeds.background import Background
from healthscore_assets.demo.feeds.calendar_months import ENDS
from healthscore_assets.demo.feeds.contracts import NEXT_DAY
from healthscore_assets.demo.feeds.industries import industry
from healthscore_assets.demo.feeds.terms import Term
from healthscore_assets.demo.names import person
from healthscore_assets.demo.product import VENDOR_DOMAIN

_OWNERS = [person(number) for number in range(500, 500 + 11 * 31, 31)]
_COLUMNS = pa.schema(
    {
        "client_id": pa.string(),
        "client_name": pa.string(),
        "segment": pa.string(),
        "seats": pa.int64(),
        "arr": pa.int64(),
        "contract_start": pa.date32(),
        "contract_end": pa.date32(),
        "renewal_date": pa.date32(),
        "owner": pa.string(),
        "owner_email": pa.string(),
        "plan": pa.string(),
        "industry": pa.string(),
        "parent": pa.string(),
    }
)


def names() -> list[str]:
    """One snapshot a month, its day in the name."""
    return [f"accounts_{end}.csv" for end in ENDS]


def tables(background: Background) -> Iterator[pa.Table]:
    """One row per client from its first month in the exports on; those who left stay.

    A client can be here before its contract begins: signed, and being set up.
    """
    clients = background.clients
    rng = stream(background.seed, 14)
    owners = [_OWNERS[at] for at in rng.integers(0, len(_OWNERS), len(clients))]
    parents = _parents(rng, background)
    terms: dict[int, list[Term]] = {}
    for term in background.terms:
        terms.setdefault(term.client, []).append(term)
    for at, end in enumerate(ENDS):
        rows = [
            {
                "client_id": client.client_id,
                "client_name": client.client_name,
                **_contract(terms[place], end.item()),
                "owner": owners[place].replace(".", " ").title(),
                "owner_email": f"{owners[place]}@{VENDOR_DOMAIN}",
                "industry": industry(client.client_name),
                "parent": parents.get(place),
            }
            for place, client in enumerate(clients)
            if any(client.plan.listed[: at + 1])
        ]
        yield pa.Table.from_pylist(rows, _COLUMNS)


def _contract(terms: list[Term], day: date) -> dict[str, object]:
    """The contract as it stands on `day`; one that ended is not renewed any more."""
    begun = [term for term in terms if term.period.start <= day]
    term = begun[-1] if begun else terms[0]
    period = term.period
    return {
        "segment": term.segment,
        "seats": term.seats,
        "arr": term.arr,
        "contract_start": period.signed,
        "contract_end": period.end,
        "renewal_date": None if period.end < day else period.end + NEXT_DAY,
        "plan": term.plan,
    }


def _parents(rng: np.random.Generator, background: Background) -> dict[int, str]:
    """A few small clients belong to a large one."""
    segments = {term.client: term.segment for term in background.terms}
    large = [place for place, segment in segments.items() if segment == "Enterprise"]
    small = [place for place, segment in segments.items() if segment in ("SMB", "SME")]
    owned = rng.choice(small, len(small) // 15, replace=False).tolist()
    return {
        place: background.clients[parent].client_id
        for place, parent in zip(owned, rng.choice(large, len(owned)).tolist(), strict=True)
    }
