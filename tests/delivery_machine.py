"""The state machine of deliveries: a process that may die at any point, a server that may fail.

The outbox, its database and the server are real. A process dies by an exception that nothing
catches: what it had committed stays, what it had not is gone. What is expected is worked out from
what the server saw and from where the process died.
"""

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from delivery_servers import (
    HttpServer,
    answers,
    answers_less_than_announced,
    answers_twice,
    closes,
    closes_half_way,
)
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ledger_examples import state

from healthscore_assets.delivery.channels.channel import Channel, Letter, Outcome
from healthscore_assets.delivery.channels.opened import open_channel
from healthscore_assets.delivery.outbox.message import Claimed
from healthscore_assets.delivery.outbox.outbox import Outbox, open_outbox
from healthscore_assets.delivery.planning.alerts import messages_about_alerts
from healthscore_assets.delivery.planning.operators import told_at_once
from healthscore_assets.delivery.sending import Sender
from healthscore_assets.delivery.settings import DeliverySettings
from healthscore_assets.lookups.secrets import Secrets
from healthscore_assets.risk.ledger.ledger import open_ledger

SECRETS = {"HOOK_SECRET": "whsec_" + "c2VjcmV0" * 5}
OWNERS = ("Ana", "Ben", "nobody's")
SETTINGS = DeliverySettings.model_validate(
    {
        "digest_on": ["monday", "wednesday", "friday"],
        "channels": {
            "one": {"kind": "webhook", "url": "HOOK_ONE", "secret": "HOOK_SECRET"},
            "two": {"kind": "webhook", "url": "HOOK_TWO", "secret": "HOOK_SECRET"},
        },
        "people": {"Ana": {"channel": "one"}, "Ben": [{"channel": "one"}, {"channel": "two"}]},
        "operators": {"channel": "two"},
    }
)

TAKEN = {
    "taken": answers(200, "ok"),
    "taken, answered twice": answers_twice(200, "ok"),
    "taken, no answer": closes(),
    "taken, half an answer": closes_half_way(200, "ok"),
    "taken, less than announced": answers_less_than_announced(200, "ok"),
}
"""What a server does that has taken the message, whatever the client may see of it."""

NOT_TAKEN = {
    "busy": answers(503, "busy"),
    "too many": answers(429, "slow down", Retry_After="20"),
    "key expired": answers(401, "expired"),
    "refused": answers(422, "no"),
}

POINTS = (
    *("claiming", "claimed", "before the request", "after the answer"),
    *("recording", "recorded", "giving up", "given up"),
)


class Death(BaseException):
    """The process is killed."""


class MortalOutbox(Outbox):
    """An outbox in a process that dies at a point of its own accord."""

    dies_at: str | None = None

    def _pass(self, point: str) -> None:
        if self.dies_at == point:
            raise Death(point)

    def claim(self, *told: Any, **more: Any) -> Claimed | None:
        self._pass("claiming")
        claimed = super().claim(*told, **more)
        if claimed:
            self._pass("claimed")
        return claimed

    def record(self, *told: Any) -> None:
        self._pass("recording")
        super().record(*told)
        self._pass("recorded")

    def give_up(self, *told: Any) -> None:
        self._pass("giving up")
        super().give_up(*told)
        self._pass("given up")


class MortalChannel:
    """A channel in such a process."""

    def __init__(self, channel: Channel, outbox: MortalOutbox) -> None:
        self._channel, self._outbox = channel, outbox

    def send(self, letter: Letter) -> Outcome:
        self._outbox._pass("before the request")
        outcome = self._channel.send(letter)
        self._outbox._pass("after the answer")
        return outcome


class DeliveryMachine(RuleBasedStateMachine):
    """Alerts open, operators are told, passes are made and die, servers fail, time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.place = self.empty_place()
        self.dead_letters = self.folder / "dead_letters.jsonl"
        self.at = datetime(2024, 6, 3, 6, tzinfo=UTC)
        self.process = 0
        self.month = 5
        self.queued: dict[str, str] = {}  # the channel of every message there ever was
        self.server = HttpServer(answers(200, "ok"))
        self._running = self.server.running()
        self._running.__enter__()
        self.secrets = Secrets(
            SECRETS | {"HOOK_ONE": f"{self.server.url}/one", "HOOK_TWO": f"{self.server.url}/two"}
        )
        self.did: list[tuple[str, str]] = []  # key, what the server did of it
        self.uncertain: Counter[str] = Counter()  # takings of which no process could know

    def empty_place(self) -> str:
        """A ledger without anything in it."""
        return str(self.folder / "ledger.sqlite")

    def teardown(self) -> None:
        try:
            self.all_is_delivered_in_the_end()
        finally:
            self._running.__exit__(None, None, None)

    # ------------------------------------------------------------------------------- what happens

    @rule(data=st.data())
    def a_month_of_alerts(self, data: st.DataObject) -> None:
        clients = data.draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=4))
        states = [
            state(
                client,
                tier=data.draw(st.sampled_from(["low", "medium", "high"])),
                owner=data.draw(st.sampled_from(OWNERS)),
                due_date=self.at.date() + timedelta(days=data.draw(st.integers(-2, 5))),
            )
            for client in clients
        ]
        with open_ledger(self.place) as ledger:
            ledger.sync(f"2024-{self.month:02}", states, self.at)
        self.month = min(self.month + data.draw(st.integers(0, 1)), 12)

    @rule(what=st.sampled_from(["a run failed\nfor a reason", "an export is late"]))
    def operators_are_told(self, what: str) -> None:
        about = f"{what} at {self.at}"
        with open_outbox(self.place) as outbox:
            self._remember(outbox.queue(told_at_once(what, about, SETTINGS), self.at))
            assert outbox.queue(told_at_once(what, about, SETTINGS), self.at) == []

    @rule(digest=st.booleans(), dies=st.sampled_from([None, "composing", "composed"]))
    def what_is_due_is_put_in(self, digest: bool, dies: str | None) -> None:
        self.what_is_due_now(digest, dies)

    def what_is_due_now(self, digest: bool, dies: str | None = None) -> None:
        today = self.at.date()

        def compose(news: Any) -> Any:
            composed = messages_about_alerts(news, SETTINGS, {}, today, today if digest else None)
            if dies == "composing":
                raise Death(dies)
            return composed

        with self.a_process(), open_outbox(self.place) as outbox:
            new = outbox.fill(self.at, today, compose)
            self._remember(new)
            if dies == "composed":
                raise Death(dies)

    @rule(
        does=st.lists(st.sampled_from([*TAKEN, *NOT_TAKEN]), max_size=6),
        dies_at=st.sampled_from([None, *POINTS]),
    )
    def a_pass_with_something_to_send(self, does: list[str], dies_at: str | None) -> None:
        self.operators_are_told(f"something {self.process}")
        self.a_pass(does, dies_at)

    def a_pass(self, does: list[str], dies_at: str | None) -> None:
        before = len(self.server.requests)
        self.server._acts.clear()
        self.server.plays(*((TAKEN | NOT_TAKEN)[each] for each in does))
        died, made = None, []
        with self.a_process() as by, open_outbox(self.place) as opened:
            outbox = MortalOutbox(opened._database)
            outbox.dies_at = dies_at
            try:
                made.extend(self.sender(outbox, by).send_waiting())  # as far as it comes
            except Death as death:
                died = str(death)
        self._seen(self.server.requests[before:], does, died)
        states = {each.key: each.state for each in self.recorded()}
        for attempt in made:
            assert states[attempt.message.key] == attempt.became.replace(
                "waits", "waiting"
            ).replace(" ", "_")

    @rule(minutes=st.sampled_from([1, 20, 90, 24 * 60]))
    def time_goes_by(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def people_try_again_what_was_given_up(self) -> None:
        with open_outbox(self.place) as outbox:
            keys = [each.key for each in outbox.given_up()]
            assert outbox.again(None, self.at) == len(keys)

    # ---------------------------------------------------------------------------- what always holds

    @invariant()
    def one_key_is_one_message(self) -> None:
        bodies: dict[str, set[bytes]] = defaultdict(set)
        for request in self.server.requests:
            bodies[request.headers["webhook-id"]].add(request.body)
            assert request.headers["idempotency-key"] == request.headers["webhook-id"]
        assert all(len(each) == 1 for each in bodies.values())
        assert set(bodies) <= set(self.queued)

    @invariant()
    def nothing_is_repeated_but_where_nobody_could_know(self) -> None:
        taken = self.taken()
        for key in self.queued:
            assert taken[key] <= 1 + self.uncertain[key]

    @invariant()
    def what_is_recorded_as_sent_was_taken(self) -> None:
        taken = self.taken()
        for each in self.recorded():
            if each.state == "sent":
                assert taken[each.key] == 1 + self.uncertain[each.key]

    @invariant()
    def what_was_given_up_is_in_the_file(self) -> None:
        buried = self.buried()
        for each in self.recorded():
            if each.state == "given_up":
                assert each.key in buried

    def all_is_delivered_in_the_end(self) -> None:
        """Servers that work again, and time enough: every message is there, or was given up."""
        self.at += timedelta(days=1)
        self.what_is_due_now(digest=True)
        with open_outbox(self.place) as outbox:
            untold = outbox.news(self.at, self.at.date()).events
        assert {event.alert.owner for event in untold} <= {"nobody's"}
        for _ in range(3):
            self.at += timedelta(hours=2)
            self.a_pass([], None)
        taken = self.taken()
        states = {each.key: each.state for each in self.recorded()}
        assert set(states) == set(self.queued)
        for key, became in states.items():
            assert became in ("sent", "given_up")
            if became == "sent":
                assert taken[key] == 1 + self.uncertain[key]
            else:
                assert taken[key] == self.uncertain[key]
                assert key in self.buried()

    # -------------------------------------------------------------------------------------- helpers

    @contextmanager
    def a_process(self) -> Iterator[str]:
        """One that may die; the next one is another."""
        self.process += 1
        with suppress(Death):
            yield f"process {self.process}"

    def sender(self, outbox: Outbox, by: str) -> Sender:
        def opened(name: str) -> Channel:
            channel = open_channel(name, SETTINGS.channels[name], self.secrets, lambda: self.at)
            return MortalChannel(channel, outbox) if isinstance(outbox, MortalOutbox) else channel

        def sleep(seconds: float) -> None:
            self.at += timedelta(seconds=seconds)

        return Sender(
            outbox=outbox,
            open_channel=opened,
            dead_letters=self.dead_letters,
            give_up_after=timedelta(days=1),
            clock=lambda: self.at,
            sleep=sleep,
            by=by,
            is_gone=lambda other: other != by,
        )

    def _remember(self, messages: list[Any]) -> None:
        for each in messages:
            assert each.key not in self.queued
            self.queued[each.key] = each.address.channel

    def _seen(self, requests: list[Any], does: list[str], died: str | None) -> None:
        """What the server did of each request, and whether the process could know of it."""
        for number, request in enumerate(requests):
            key = request.headers["webhook-id"]
            did = does[number] if number < len(does) else "taken"
            self.did.append((key, did))
            known = did in ("taken", "taken, answered twice")
            last = number == len(requests) - 1
            lost = last and died in ("after the answer", "recording") and known
            if did in TAKEN and (not known or lost):
                self.uncertain[key] += 1

    def taken(self) -> Counter[str]:
        return Counter(key for key, did in self.did if did in TAKEN)

    def recorded(self) -> list[Any]:
        with open_outbox(self.place) as outbox:
            return outbox.since(datetime(2024, 1, 1, tzinfo=UTC))

    def buried(self) -> set[str]:
        if not self.dead_letters.exists():
            return set()
        lines = self.dead_letters.read_text(encoding="utf-8").splitlines()
        return {json.loads(line)["key"] for line in lines}
