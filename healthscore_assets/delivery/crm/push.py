"""Scores of a month to a CRM's API, batch by batch: a push again changes nothing."""

import ssl
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from healthscore_assets.delivery.channels.channel import Fate, Outcome
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.channels.trying import NotSent, Voice
from healthscore_assets.delivery.crm.api import Api
from healthscore_assets.delivery.crm.opened import open_api
from healthscore_assets.delivery.crm.rows import Row
from healthscore_assets.delivery.crm.settings import SYSTEMS, CrmSettings, System
from healthscore_assets.delivery.crm.talk import BatchRefused, LoggedOut, Sleep
from healthscore_assets.delivery.texts import cut, one_line
from healthscore_assets.lookups.secrets import Secrets
from healthscore_assets.web.quiet import quiet

_NAMED = 20
"""Refused clients that are named."""

_ALONE = 5
"""Clients, each refused alone before any was taken, after which the system is not as it must be."""

_LONGEST_ID = 60


def configured(settings: CrmSettings, secrets: Secrets) -> tuple[System, ...]:
    """The systems that are enabled and have an API whose credentials are all set."""
    return tuple(s for s in with_api(settings) if not _missing(s, settings, secrets))


def with_api(settings: CrmSettings) -> tuple[System, ...]:
    """The systems that are enabled and have an API, whether it can be used or not."""
    return tuple(s for s in SYSTEMS if settings.of(s).enabled and settings.of(s).api is not None)


def without_credentials(settings: CrmSettings, secrets: Secrets) -> list[str]:
    """What is missing of systems that have an API, a line each: their scores stay a file."""
    return [
        f"{system}: {' and '.join(missing)} not set, or not readable;"
        " its scores are a file until then"
        for system in with_api(settings)
        if (missing := _missing(system, settings, secrets))
    ]


def _missing(system: System, settings: CrmSettings, secrets: Secrets) -> list[str]:
    api = settings.of(system).api
    return [name for name in api.credentials if name not in secrets] if api else []


def push(
    system: System,
    settings: CrmSettings,
    secrets: Secrets,
    rows: Iterable[Row],
    key: str,
    *,
    clock: Clock,
    sleep: Sleep,
    context: ssl.SSLContext | None = None,
) -> Outcome:
    """Write the scores of all clients, of which only a batch is in memory.

    Parameters: ``system`` is `configured`; ``rows`` of `crm_scores`; ``key`` is the same however
    often the month is pushed; ``clock`` and ``sleep`` are time itself; ``context`` says which
    certificates are trusted.
    Clients that the system did not take are warnings, as long as it took others. Of a push that
    broke off the outcome says how far it came; the next one sends all again.
    """
    with quiet():
        try:
            api, voice = open_api(
                system, settings, secrets, clock, sleep, context or ssl.create_default_context()
            )
        except NotSent as end:
            return end.outcome
        return _Push(api, voice, key).of(rows)


class _Push:
    def __init__(self, api: Api, voice: Voice, key: str) -> None:
        self._api, self._voice, self._key = api, voice, key
        self._requests = self._taken = self._alone = 0
        self._refused: dict[str, str] = {}
        self._refusals = 0

    def of(self, rows: Iterable[Row]) -> Outcome:
        try:
            for batch in _batches(rows, self._api.size):
                self._write(batch)
        except LoggedOut as out:
            return self._broken_off(out.end.outcome)
        except NotSent as end:
            return self._broken_off(end.outcome)
        if self._refusals and not self._taken:
            found = f"took none of {_clients(self._refusals)}: {self._first()}"
            todo = "see whether its fields are there, and hold the ids of clients"
            return self._voice.outcome(Fate.CHANNEL_REFUSED, found, todo)
        says = self._voice.line(f"took {_clients(self._taken)}")
        return Outcome(Fate.SENT, says, warnings=self._warnings())

    def _write(self, batch: Sequence[Row]) -> None:
        self._requests += 1
        try:
            refused = self._api.write(batch, f"{self._key}-{self._requests}")
        except BatchRefused as reason:
            self._write_parts(batch, str(reason))
            return
        self._taken += len(batch) - len(refused)
        for client, why in refused.items():
            self._refuse(client, why)

    def _write_parts(self, batch: Sequence[Row], reason: str) -> None:
        """Halves of what was refused as a whole, down to the clients that it was refused for."""
        if len(batch) > 1:
            middle = len(batch) // 2
            self._write(batch[:middle])
            self._write(batch[middle:])
            return
        self._alone += 1
        self._refuse(batch[0]["client_id"], reason)
        if self._alone >= _ALONE and not self._taken:
            found = f"refuses every client: {self._first()}"
            todo = "see whether its fields are there, and of the right type"
            raise self._voice.not_sent(Fate.CHANNEL_REFUSED, found, todo)

    def _refuse(self, client: str, why: str) -> None:
        self._refusals += 1
        if len(self._refused) < _NAMED:
            self._refused[cut(one_line(client), _LONGEST_ID)] = why

    def _first(self) -> str:
        client, why = next(iter(self._refused.items()))
        return f"{client}, {why}"

    def _warnings(self) -> tuple[str, ...]:
        named = [self._voice.line(f"{client}: {why}") for client, why in self._refused.items()]
        more = self._refusals - len(named)
        return (*named, *([self._voice.line(f"and {more:,} more")] if more > 0 else []))

    def _broken_off(self, outcome: Outcome) -> Outcome:
        if not self._taken:
            return outcome
        says = f"{outcome.says}; {_clients(self._taken)} were taken before, and are sent again"
        return Outcome(outcome.fate, says, outcome.wait_seconds)


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def _clients(number: int) -> str:
    return f"{number:,} client{'' if number == 1 else 's'}"
