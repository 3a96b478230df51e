"""Which owners are told of which alerts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from healthscore_assets.delivery.documents.alerts import digest, strong_alerts
from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.outbox.news import News, NewsEvent
from healthscore_assets.delivery.planning.composed import Composed
from healthscore_assets.delivery.settings import DeliverySettings
from healthscore_assets.risk.ledger.alerts import LedgerAlert

AT_ONCE = "high"
"""The tier that does not wait for the digest."""


def messages_about_alerts(
    news: News,
    settings: DeliverySettings,
    titles: Mapping[str, str],
    today: date,
    digest_of: date | None,
) -> Composed:
    """What owners are told now: strong alerts at once; with ``digest_of``, the digest of that day.

    An owner gets one digest a day, and none on a day without anything new or due. Each event is
    told once: in the digest, where that is due by now, else at once or in a later one.
    """
    events: dict[str, list[NewsEvent]] = defaultdict(list)
    for event in news.events:
        events[event.alert.owner].append(event)
    worklists: dict[str, list[LedgerAlert]] = defaultdict(list)
    for alert in news.worklist:
        worklists[alert.owner].append(alert)
    messages: list[Message] = []
    tells: list[tuple[int, str]] = []
    unaddressed: list[tuple[str, int]] = []
    for owner, worklist in sorted(worklists.items()):
        addresses = settings.addresses_of(owner)
        if not addresses:
            unaddressed.append((owner, len(worklist)))
            continue
        if digest_of is not None and ("digest", f"{owner} {digest_of}") not in news.queued:
            since = _last_digest(owner, news, digest_of)
            told = _digest(owner, worklist, events[owner], titles, since, digest_of)
        else:
            told = _at_once(owner, events[owner], titles, today)
        if told is not None:
            messages += [Message(told.about, address, told.document) for address in addresses]
            tells += [(event.event_id, told.about) for event in told.events]
    return Composed(tuple(messages), tuple(tells), tuple(unaddressed))


@dataclass(frozen=True)
class _Told:
    about: str
    document: Document
    events: Sequence[NewsEvent]


def _at_once(
    owner: str, events: Sequence[NewsEvent], titles: Mapping[str, str], today: date
) -> _Told | None:
    # With all that happened to these alerts.
    strong = {event.alert.alert_id for event in events if event.tier == AT_ONCE}
    if not strong:
        return None
    told = [event for event in events if event.alert.alert_id in strong]
    # Events are told once, so the first of them is in no other message. Their numbers would not do:
    # they begin anew with another ledger, and receivers know keys for longer.
    first = told[0]
    about = f"{owner}, {first.alert.alert_id} {first.kind} {first.tier}"
    return _Told(about, strong_alerts(owner, _alerts(told), titles, today), told)


def _last_digest(owner: str, news: News, day: date) -> date:
    """The day of the digest before; a week back where there was none of late."""
    days = [
        date.fromisoformat(about.removeprefix(f"{owner} "))
        for purpose, about in news.queued
        if purpose == "digest" and about[:-11] == owner
    ]
    return max((each for each in days if each < day), default=day - timedelta(days=7))


def _digest(
    owner: str,
    worklist: Sequence[LedgerAlert],
    events: Sequence[NewsEvent],
    titles: Mapping[str, str],
    since: date,
    day: date,
) -> _Told | None:
    new = _alerts(events)
    seen = {each.alert_id for each in new}
    rest = [each for each in worklist if each.alert_id not in seen]
    due = [each for each in rest if since < each.due_date <= day]
    others = [each for each in rest if not since < each.due_date <= day]
    if not new and not due:
        return None
    return _Told(f"{owner} {day}", digest(owner, new, due, others, titles, day), events)


def _alerts(events: Sequence[NewsEvent]) -> list[LedgerAlert]:
    """The alerts of events, each once, the most urgent first."""
    found = {event.alert.alert_id: event.alert for event in events}
    return sorted(found.values(), key=lambda alert: alert.urgency)
