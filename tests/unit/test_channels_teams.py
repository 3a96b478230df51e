"""Teams, against a server that answers as a workflow does."""

from collections.abc import Iterator

import pytest
from delivery_letters import KEY, letter, opened
from delivery_servers import answers
from delivery_services import TeamsWorkflow

from healthscore_assets.delivery.channels.channel import Channel, Fate, Outcome
from healthscore_assets.delivery.rendering.teams import teams_message


@pytest.fixture
def workflow() -> Iterator[TeamsWorkflow]:
    workflow = TeamsWorkflow()
    with workflow.running():
        yield workflow


def channel(url: str) -> Channel:
    return opened({"kind": "teams", "webhook": "TEAMS_URL"}, {"TEAMS_URL": url})


def test_a_card(workflow: TeamsWorkflow) -> None:
    assert channel(workflow.url).send(letter(image=True)) == Outcome(Fate.SENT)
    (card,) = workflow.cards
    expected = teams_message(letter(image=True).document, KEY)["attachments"][0]["content"]
    assert card == expected
    (request,) = workflow.server.requests
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["idempotency-key"] == KEY


def test_a_url_whose_signature_is_not_valid_any_more(workflow: TeamsWorkflow) -> None:
    """As Azure Logic Apps, which workflows run on, words it."""
    said = '{"error":{"code":"DirectApiAuthorizationRequired","message":"..."}}'
    workflow.server.plays(answers(401, said))
    outcome = channel(workflow.url).send(letter())
    assert outcome.fate is Fate.CHANNEL_REFUSED
    assert "DirectApiAuthorizationRequired" in outcome.says
    assert outcome.says.endswith("; see whether TEAMS_URL still holds what is valid there")


def test_more_messages_than_teams_takes(workflow: TeamsWorkflow) -> None:
    workflow.server.plays(answers(429, "slow down", Retry_After="7"))
    outcome = channel(workflow.url).send(letter())
    assert (outcome.fate, outcome.wait_seconds) == (Fate.LATER, 7)
