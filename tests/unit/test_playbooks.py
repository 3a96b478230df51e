"""Playbooks: read strictly, filled in a sandbox, readable whatever is known of the client."""

from __future__ import annotations

import os
import re
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.risk.playbooks.examples import BARE, FULL, examples
from healthscore_assets.risk.playbooks.filling import fill
from healthscore_assets.risk.playbooks.playbook import Playbook
from healthscore_assets.risk.playbooks.reading import read_playbook, read_playbooks
from healthscore_assets.risk.playbooks.story_parts import (
    Area,
    Client,
    Component,
    Health,
    Overdue,
    Renewal,
    Story,
    Tickets,
    Usage,
    Visitor,
)
from healthscore_assets.risk.playbooks.words import FILTERS
from healthscore_assets.risk.roles import ROLES

SHIPPED = Path(__file__).resolve().parents[2] / "lookups" / "playbooks"
BOOKS = read_playbooks(SHIPPED)
DOCUMENTATION = (SHIPPED.parents[1] / "docs" / "playbooks.md").read_text(encoding="utf-8")

# Its message begins on line 15.
TEXT = """\
---
goal: Keep the client
owner: csm
timeframe: 5 working days
---

## Steps

1. Read the drivers.
2. Call, and ask
   what changed.

## Message

Hello {{ client.name }},
we saw {{ measure }}.
"""


def refusal(folder: Path, text: str, name: str = "save.md") -> str:
    """What is said of a playbook, with the path taken off."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LookupRefused) as refused:
        read_playbooks(folder)
    told = str(refused.value)
    assert told.startswith(str(path))
    assert "\n" not in told
    return told.removeprefix(str(path))


def with_message(message: str) -> str:
    """The playbook with another message, from the same line on."""
    return TEXT[: TEXT.index("Hello")] + message


def playbook(folder: Path, message: str) -> Playbook:
    path = folder / "save.md"
    path.write_text(with_message(message), encoding="utf-8")
    return read_playbook(path)


def filled(folder: Path, message: str, story: Story = FULL) -> str:
    return fill(playbook(folder, message), story)


# -------------------------------------------------------------------------------- what is read


def test_a_playbook_as_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "save.md").write_text(TEXT, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a playbook", encoding="utf-8")
    [(name, found)] = read_playbooks(tmp_path).items()
    assert (name, found.name, found.path) == ("save", "save", tmp_path / "save.md")
    assert (found.goal, found.owner) == ("Keep the client", "csm")
    assert found.timeframe == "5 working days"
    assert found.steps == ("Read the drivers.", "Call, and ask what changed.")
    assert fill(found, FULL) == "Hello Example Ltd,\nwe saw clicks."


def test_a_file_from_windows_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "save.md").write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert fill(read_playbooks(tmp_path)["save"], FULL) == "Hello Example Ltd,\nwe saw clicks."


def test_without_a_folder_there_are_no_playbooks(tmp_path: Path) -> None:
    assert read_playbooks(tmp_path / "playbooks") == {}


def test_an_edit_is_read_and_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "save.md"
    path.write_text(TEXT, encoding="utf-8")
    first = read_playbooks(tmp_path)["save"]
    assert read_playbooks(tmp_path)["save"] is first
    path.write_text(TEXT.replace("Keep", "Hold"), encoding="utf-8")
    os.utime(path, ns=(0, 0))
    assert read_playbooks(tmp_path)["save"].goal == "Hold the client"


# ----------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("---\ngoal", "goal", "line 1", "has no front matter"),
        ("---\n\n## Steps", "\n## Steps", "line 1", "does not end"),
        ("goal: Keep the client", "goal: Keep: the client", "line 2", "is not YAML"),
        ("goal: Keep the client\n", "", "line 1", "has no goal"),
        ("goal: Keep the client", "goal:", "line 2", "goal: expected text"),
        ("goal: Keep the client", "- goal", "line 3", "is not YAML"),
        ("owner: csm", "owner: boss", "line 3", "no role boss; the roles are csm, manager"),
        ("owner: csm", "owner: csm\nowner: csm", "line 4", "key owner is given twice"),
        ("owner: csm", "owner: csm\nwho: me", "line 4", "key who does not exist"),
        ("timeframe: 5 working days", "timeframe: 5", "line 4", "timeframe: expected text"),
        ("timeframe: 5 working days", "timeframe: [a]", "line 4", "timeframe: expected text"),
        ("## Steps\n", "Hurry.\n## Steps\n", "line 7", "expected ## Steps or ## Message"),
        ("## Message\n", "", "line 15", "there is no ## Message"),
        ("## Steps", "## Step", "line 7", "heading '## Step' is unknown"),
        ("## Steps", "# Steps", "line 7", "heading '# Steps' is unknown"),
        ("## Message", "## Steps", "line 13", "there is a second ## Steps"),
        ("1. Read the drivers.", "Read the drivers.", "line 9", "expected a numbered step"),
        ("2. Call, and ask", "- Call, and ask", "line 10", "found '- Call, and ask'"),
        ("   what changed.", "what changed.", "line 11", "found 'what changed.'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, before: str, after: str, line: str, says: str
) -> None:
    assert before in TEXT
    told = refusal(tmp_path, TEXT.replace(before, after))
    assert told.startswith(f", {line}: ")
    assert says in told


def test_front_matter_without_keys_is_refused(tmp_path: Path) -> None:
    told = refusal(tmp_path, "---\nonly words\n---\n" + TEXT[TEXT.index("## Steps") :])
    assert told.startswith(", line 2: expected `key: value` lines")
    told = refusal(tmp_path, "---\n---\n" + TEXT[TEXT.index("## Steps") :])
    assert told.startswith(", line 1: the front matter has no goal")


def test_sections_without_text_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, with_message("\n\n")).startswith(", line 13: ## Message has nothing")
    steps = TEXT[: TEXT.index("1. Read")] + TEXT[TEXT.index("## Message") :]
    assert refusal(tmp_path, steps).startswith(", line 7: ## Steps has nothing")


def test_files_that_cannot_be_playbooks_are_refused(tmp_path: Path) -> None:
    assert "small letters" in refusal(tmp_path, TEXT, "Save Call.md")
    (tmp_path / "Save Call.md").unlink()
    assert refusal(tmp_path, "").startswith(", line 1: has no front matter")
    (tmp_path / "save.md").write_bytes(TEXT.encode() + b"\xff")
    with pytest.raises(LookupRefused, match="is not UTF-8 text"):
        read_playbooks(tmp_path)


@pytest.mark.parametrize(
    ("message", "line", "says"),
    [
        ("Hello\n{{ client.name }\n", "line 16", "unexpected '}'"),
        ("Hello\n\n{% if health %}\nyes\n", "line 18", "Unexpected end of template"),
        ("Hello\n{{ seats | shout }}", "line 16", "No filter named 'shout'; the filters are abs, "),
        ("Hello\n{{ klient.name }}", "line 16", "'klient' is unknown; a message can name client"),
        # In a branch that no example takes.
        ("Hello\n{% if month == '1' %}\n{{ nobody }}{% endif %}", "line 17", "'nobody' is unknown"),
        ("Hello\n{{ client.nme }}", "line 16", "Client has no attribute 'nme'"),
        ("Hello\n\n{{ health.score | number }}", "line 17", "ask first, by {% if ... %}"),
        ("Hello\n{{ seats }}", "line 16", "it is not known of every client, so ask first"),
        ("Hello\n{{ seats | number }}", "line 16", "number: expected a number, found nothing"),
        ("{% if health %}\n{{ health.score }}{% endif %}.", "line 16", "expected a filter after"),
        ("{% if renewal %}\n{{ renewal.date }}{% endif %}.", "line 16", "`| day`"),
        ("Hello {{ client }}", "line 15", "expected a text or a number, found a Client"),
        ("Hello {{ areas_fell[0].name }}", "line 15", "has no element 0"),
        ("Hello {{ components_fell | listing }}", "line 15", "listing: expected names"),
        ("Hello\n{{ 1 / 0 }}", "line 16", "division by zero"),
        ("{% if health %}Hello{% endif %}", "line 15", "the message comes out empty"),
        ("Hello\n{% include 'other.md' %}", "line 16", "{% include %} is not allowed"),
        ("Hello\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "line 16", "{% macro %} is not"),
        ("Hello\n{{ client.name.upper() }}", "line 16", "nothing can be called"),
        ("Hello\n{% set a = 'x' %}{% set a = a + a %}", "line 16", "{% set %} is not allowed"),
        ("{% for n in 'abc' %}{{ n }}{% endfor %}", "line 15", "loops are over what the story"),
        (
            "{% for a in areas_fell %}\n{% for b in areas_rose %}x{% endfor %}{% endfor %}",
            "line 16",
            "a loop within a loop is not allowed",
        ),
        ("Hello {{ " + "(" * 5000 + ")" * 5000 + " }}", "line 15", "nested too deeply"),
        ("Hello" + "{% if seats %}" * 120 + "{% endif %}" * 120, "line 15", "too many levels"),
    ],
)
def test_a_message_that_cannot_be_filled_is_told_with_its_line(
    tmp_path: Path, message: str, line: str, says: str
) -> None:
    told = refusal(tmp_path, with_message(message))
    assert told.startswith(f", {line}: ")
    assert says in told


@pytest.mark.parametrize(
    "message",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ client.__init__.__globals__ }}",
        "{{ client.__class__ }}",
        "{{ ''|attr('__class__') }}",
        "{{ [client]|map(attribute='__class__')|list }}",
        "{{ [client]|map(attribute='__class__')|join }}",
        "{{ '{0.__class__}'.format(client) }}",
        "{{ '%s' % client }}",
        "{{ self._TemplateReference__context }}",
        "{{ client.name.__len__() }}",
        "{% for n in areas_fell recursive %}{{ loop(areas_fell) }}{% endfor %}",
        "{{ percent.__globals__ }}",
        "{{ cycler.__init__ }}",
        "{{ lipsum() }}",
        "{{ [1]|random }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 9 ** 9999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'x'.center(1000000000) }}",
        "{% for n in range(1000000000) %}x{% endfor %}",
        "{% set _ = client.__setattr__('name', 'x') %}x",
        "{% import 'os' as os %}{{ os }}",
    ],
)
def test_the_sandbox_cannot_be_left(tmp_path: Path, message: str) -> None:
    assert refusal(tmp_path, with_message(f"Hello\n{message}")).startswith(", line 16: ")


def test_a_failure_with_a_client_unlike_the_examples_names_the_line_too(tmp_path: Path) -> None:
    message = "Hello\n{% if month == '2030-01' %}\n{{ client.nme }}\n{% endif %}"
    found = playbook(tmp_path, message)
    assert fill(found, FULL) == "Hello"
    with pytest.raises(LookupRefused, match=r"save\.md, line 17: .*'nme'"):
        fill(found, replace(FULL, month="2030-01"))


# -------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("0.62 | percent", "62 %"),
        ("-0.62 | percent", "-62 %"),
        ("0 | percent", "0 %"),
        ("0.001 | percent", "less than 1 %"),
        ("0.999 | percent", "more than 99 %"),
        ("12.34 | percent", "1,234 %"),
        ("12340.4 | number", "12,340"),
        ("7.25 | number", "7.2"),
        ("7.0 | number", "7"),
        ("9.96 | number", "10"),
        ("renewal.date | day if renewal else '-'", "12 July"),
        ("'2024-05' | month", "May 2024"),
        ("['A'] | listing", "A"),
        ("['A', 'B'] | listing", "A and B"),
        ("['A', 'B', 'C'] | listing", "A, B and C"),
        ("-0.62 | moved", "fell 62 %"),
        ("0.3 | moved", "rose 30 %"),
        ("-1 | moved", "stopped"),
        ("-0.999 | moved", "fell more than 99 %"),
        ("0.0 | moved", "did not change"),
        ("none | moved", "began"),
    ],
)
def test_words_for_people(tmp_path: Path, expression: str, text: str) -> None:
    assert filled(tmp_path, "It {{ " + expression + " }}.") == f"It {text}."


def test_a_day_of_another_year_names_it(tmp_path: Path) -> None:
    message = "On {{ renewal.date | day if renewal else 'some day' }}."
    assert filled(tmp_path, message, replace(FULL, month="2023-12")) == "On 12 July 2024."


GONE = Visitor("v", "external", 0.7, 20.0, 100.0, date(2024, 5, 4), "2024-05", gone=True)


@pytest.mark.parametrize(
    ("visitor", "text"),
    [
        (GONE, "the visitor who did most of that work was last seen on 4 May"),
        (
            replace(GONE, share=0.4, last_day=date(2023, 12, 31), last_month="2023-12"),
            "the most active visitor there was last seen on 31 December 2023",
        ),
        (
            replace(GONE, last_day=None, last_month="2024-04"),
            "the visitor who did most of that work was last seen in April 2024",
        ),
        (
            replace(GONE, gone=False),
            "the visitor who did most of that work does 80 % less of it",
        ),
        (
            replace(GONE, gone=False, engagement=0.0),
            "the visitor who did most of that work no longer does any of it",
        ),
    ],
)
def test_what_became_of_the_visitor(tmp_path: Path, visitor: Visitor, text: str) -> None:
    message = "Now{% if visitor %} {{ visitor.who }} {{ visitor | seen }}{% endif %}."
    assert filled(tmp_path, message, replace(FULL, visitor=visitor)) == f"Now {text}."


# --------------------------------------------------------------------------- those that we ship


def test_the_playbooks_that_rules_name_are_there() -> None:
    assert set(BOOKS) == {
        *("save_call", "renewal_at_risk", "adoption", "outreach", "winback", "champion_change"),
        *("support_escalation", "expansion", "onboarding_campaign", "collections"),
        *("product_feedback", "recovery"),
    }
    assert {book.owner for book in BOOKS.values()} == set(ROLES)
    assert BOOKS["product_feedback"].owner == "product_manager"
    assert BOOKS["collections"].owner == "finance"


def test_the_message_tells_the_clients_own_drivers() -> None:
    told = (
        "Clicks in Reporting fell 62 %; the visitor who did most of that work was last seen on "
        "4 May. Planning fell too."
    )
    assert told in fill(BOOKS["save_call"], FULL)


def test_of_a_client_of_whom_nothing_is_known_the_message_is_short() -> None:
    assert fill(BOOKS["outreach"], BARE) == (
        "Hello acct-0002 team,\n\n"
        "it has been a while since we spoke, and I would like to know how you are getting on. "
        "Is all well, or has something got in the way?\n\n"
        "One line is enough, and I will do the rest.\n\n"
        "Kind regards"
    )


UNTIDY = re.compile(
    r"None|nan|\bTrue\b|\bFalse\b|\{|\}|\(\s*\)"  # what was not put into words
    r"|  |\t|\n{3}|^ | $| [,.;:!?)]|[,;:]\.|\.\.|,,"  # what was left out, leaving a trace
    r"|\b1 (?:days|tickets|seats|people|invoices|points)\b|\d\.\d{2}",
    re.MULTILINE,
)


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_messages_read_well_whatever_is_known(name: str) -> None:
    for story in examples():
        message = fill(BOOKS[name], story)
        assert not UNTIDY.search(message), message
        for paragraph in message.split("\n\n"):
            assert paragraph[-1] in ".?:,;" or "Kind regards" in paragraph, message
        assert len(message) < 1500


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_playbooks_are_short_and_complete(name: str) -> None:
    book = BOOKS[name]
    assert 4 <= len(book.steps) <= 7
    assert all(step[0].isupper() and step[-1] in ".?" for step in book.steps)
    assert len(book.goal) < 100


def test_the_documentation_names_all_that_a_message_can_use() -> None:
    before, _, after = DOCUMENTATION.split("```")
    named = set(re.findall(r"`([^`\n]+)`", before + after))
    parts = [Client, Health, Component, Usage, Area, Visitor, Renewal, Tickets, Overdue]
    assert {field.name for part in (Story, *parts) for field in fields(part)} <= named
    assert {*FILTERS, *BOOKS, *ROLES} <= named


def test_the_playbook_of_the_documentation_says_what_it_should(tmp_path: Path) -> None:
    (tmp_path / "example.md").write_text(
        DOCUMENTATION.split("```")[1].removeprefix("markdown\n"), encoding="utf-8"
    )
    told = (
        "Clicks in Reporting fell 62 %; the visitor who did most of that work was last seen on "
        "4 May."
    )
    message = fill(read_playbooks(tmp_path)["example"], FULL)
    assert message == f"Hello Example Ltd team,\n\n{told}"
    assert f"*{told}*" in " ".join(DOCUMENTATION.split())


# ------------------------------------------------------------------------ names are only names

NAMES = st.one_of(
    st.text(min_size=1),
    st.sampled_from(
        [
            "{{ ''.__class__ }}",
            "{% for x in range(9) %}x{% endfor %}",
            "{# gone #}",
            "<b>Bold & Co</b>",
            "[link](javascript:alert(1))",
            "Two\nLines",
            "\n## Message\n\nother",
            "%s {0} ${HOME} \\1",
        ]
    ),
)


@given(name=NAMES, area=NAMES, visitor=NAMES)
def test_names_come_through_as_they_are_and_are_never_evaluated(
    name: str, area: str, visitor: str
) -> None:
    story = Story(
        client=Client("c", name),
        month="2024-05",
        measure="clicks",
        areas_fell=(Area(1.0, 2.0, -0.5, area),),
        visitor=replace(GONE, id=visitor),
    )
    assert fill(BOOKS["product_feedback"], story) == (
        f"To the product team, about {name}{'' if name == 'c' else ' (c)'}, in May 2024:\n\n"
        f"- Clicks in {area} fell 50 %: 1, after 2 in an average month before.\n"
        f"- In {area}, the visitor who did most of that work ({visitor}) was last seen on 4 May."
        "\n\nDo you see the same with other clients? Please tell me what I may answer: done, later "
        "or not at all, and why."
    )
