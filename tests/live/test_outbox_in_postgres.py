"""The outbox in Postgres: the state machine of deliveries, and many processes at once."""

from collections import Counter
from datetime import UTC, datetime
from multiprocessing import get_context

from delivery_machine import DeliveryMachine
from examples import examples
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from postgres import Postgres
from test_ledger_in_postgres import empty_database, run

from healthscore_assets.delivery.channels.channel import Fate, Outcome
from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.outbox.outbox import open_outbox
from healthscore_assets.delivery.settings import Address
from healthscore_assets.risk.ledger.tables import METADATA

AT = datetime(2024, 6, 3, 9, tzinfo=UTC)


def test_messages_arrive_whatever_happens(database: Postgres) -> None:
    place = empty_database(database)

    class DeliveriesInPostgres(DeliveryMachine):
        def empty_place(self) -> str:
            open_outbox(place).close()
            run(
                place,
                f"TRUNCATE {', '.join(METADATA.tables)}",
                "INSERT INTO alert_ledger_state (id) VALUES (1)",
            )
            return place

    run_state_machine_as_test(
        DeliveriesInPostgres,
        settings=settings(
            examples(15), stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


def take_all(place: str, name: str, start: object, taken: object) -> None:
    start.wait(60)  # type: ignore[attr-defined]
    with open_outbox(place) as outbox:
        while (claimed := outbox.claim(AT, AT, name, lambda _: False)) is not None:
            taken.put(claimed.key)  # type: ignore[attr-defined]
            outbox.record(claimed, Outcome(Fate.SENT), AT)


def test_each_message_is_taken_by_one_process(database: Postgres) -> None:
    place = empty_database(database)
    document = Document(purpose="operators", title="something")
    messages = [Message(str(n), Address(channel="one"), document) for n in range(60)]
    with open_outbox(place) as outbox:
        outbox.queue(messages, AT)
    context = get_context("spawn")
    start, taken = context.Barrier(4), context.SimpleQueue()
    processes = [
        context.Process(target=take_all, args=(place, f"p{n}", start, taken)) for n in range(4)
    ]
    for process in processes:
        process.start()
    found = Counter(taken.get() for _ in messages)
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert found == Counter(message.key for message in messages)
    assert taken.empty()
    with open_outbox(place) as outbox:
        assert outbox.unsent() == []
