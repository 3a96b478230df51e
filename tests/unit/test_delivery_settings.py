"""``lookups/delivery.yaml``: what it takes, and what it says of what it does not take."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from healthscore_assets.delivery.planning.times import (
    digest_day,
    local_day,
    portfolio_day,
)
from healthscore_assets.delivery.settings import (
    Address,
    DeliverySettings,
    EmailChannel,
    read_delivery_settings,
)
from healthscore_assets.lookups.refused import LookupRefused

GOOD = """\
timezone: Europe/Berlin
digest_at: 08:30
digest_on: [monday, thursday]
channels:
  cs: {kind: slack, webhook: CS_WEBHOOK}
  mail:
    kind: email
    host: smtp.example.com
    sender: healthscore@example.com
people:
  Dana Reyes: {channel: mail, to: dana@example.com}
  manager:
    - {channel: mail, to: m@example.com}
    - {channel: cs}
others: {channel: cs}
operators:
"""


def read(folder: Path, text: str) -> DeliverySettings:
    path = folder / "delivery.yaml"
    path.write_text(text, encoding="utf-8")
    return read_delivery_settings(path)


def test_settings_as_people_write_them(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert settings.digest_at == time(8, 30)
    mail = settings.channels["mail"]
    assert isinstance(mail, EmailChannel)
    assert (mail.port, mail.security) == (587, "starttls")
    assert settings.addresses_of("Dana Reyes") == (Address(channel="mail", to="dana@example.com"),)
    assert [each.channel for each in settings.addresses_of("manager")] == ["mail", "cs"]
    assert settings.addresses_of("nobody that is listed") == (Address(channel="cs"),)
    assert settings.operators == ()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("7:00", time(7)),  # which YAML reads as 420
        ("1:00", time(1)),  # and this as 60, the least that it makes of a time
        ("15:00", time(15)),
        ("900", time(15)),  # which is 15:00 to YAML, and so to us
        ("00:30", time(0, 30)),
        ('"07:00"', time(7)),
        ("23:59", time(23, 59)),
    ],
)
def test_a_time_of_day(tmp_path: Path, told: str, expected: time) -> None:
    assert read(tmp_path, f"digest_at: {told}\n").digest_at == expected


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("7", "is no time of day"),
        ("15", "is no time of day"),
        ("59", "is no time of day"),
        ("-420", "is no time of day"),
        ("1440", "is no time of day"),
        ("true", "is no time of day"),
        ("7.5", "is no time of day"),
        ('"24:00"', "is no time of day"),
        ('"07:00+02:00"', "has a zone"),
        ("07:00Z", "has a zone"),
    ],
)
@pytest.mark.parametrize("name", ["digest_at", "portfolio_at"])
def test_what_is_no_time_of_day(tmp_path: Path, name: str, told: str, says: str) -> None:
    with pytest.raises(LookupRefused) as refused:
        read(tmp_path, f"timezone: UTC\n{name}: {told}\n")
    assert f"delivery.yaml, line 2: setting {name}: {says}; write " in str(refused.value)
    assert '"07:00"' in str(refused.value)


@pytest.mark.parametrize("kind", ["teams", "webhook", "apprise"])
def test_whom_a_message_is_for_where_a_channel_has_one_reader(tmp_path: Path, kind: str) -> None:
    """What would be ignored is refused."""
    settings = {
        "teams": "{kind: teams, webhook: HOOK}",
        "webhook": "{kind: webhook, url: HOOK, secret: SIGNING}",
        "apprise": "{kind: apprise, url: HOOK}",
    }
    head = f"channels:\n  cs: {settings[kind]}\n"
    assert read(tmp_path, f"{head}others: {{channel: cs}}\n").others == (Address(channel="cs"),)
    found = f"channel cs is {kind}, which has one reader; leave out to"
    with pytest.raises(LookupRefused, match=rf"delivery\.yaml, line 3: others: {found}$"):
        read(tmp_path, f"{head}others: {{channel: cs, to: Dana}}\n")
    with pytest.raises(LookupRefused, match=rf"delivery\.yaml, line 4: people\.Dana: {found}$"):
        read(tmp_path, f"{head}people:\n  Dana: [{{channel: cs, to: Dana}}]\n")


def test_whom_slack_mentions(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        "channels:\n  cs: {kind: slack, webhook: HOOK}\nothers: {channel: cs, to: here}\n",
    )
    assert settings.others == (Address(channel="cs", to="here"),)


def test_without_a_file_nothing_is_sent(tmp_path: Path) -> None:
    settings = read_delivery_settings(tmp_path / "delivery.yaml")
    assert settings.channels == {}
    assert settings.addresses_of("anybody") == ()


def test_the_file_that_comes_with_it_is_the_defaults() -> None:
    shipped = Path(__file__).parents[2] / "lookups" / "delivery.yaml"
    assert read_delivery_settings(shipped) == DeliverySettings()


def test_the_examples_in_the_file_that_comes_with_it_are_good(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "lookups" / "delivery.yaml"
    text = shipped.read_text(encoding="utf-8")
    empties = ("channels: {}", "people: {}", "others: []", "team_leads: []", "operators: []")
    for empty in (*empties, "crm: {}"):
        assert empty in text
        text = text.replace(empty, empty.partition(" ")[0])
    settings = read(tmp_path, text.replace("\n#  ", "\n  "))
    assert set(settings.channels) == {"cs_slack", "mail"}
    assert set(settings.people) == {"Dana Reyes", "manager"}
    assert settings.team_leads == (Address(channel="mail", to="leads@example.com"),)
    assert not settings.crm.zendesk.enabled


SECRET = "https://hooks.slack.example/services/T0/B0/verysecret"


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("chanels: {}\n", "line 1", "chanels does not exist"),
        ("timezone: Mars/Olympus\n", "line 1", "is no time zone"),
        ("timezone: UTC\ndigest_at: soon\n", "line 2", "is no time of day"),
        ("digest_on: [someday]\n", "line 1", "digest_on"),
        ("give_up_after_days: 0\n", "line 1", "greater than 0"),
        (f"channels:\n  cs:\n    kind: slack\n    webhook: {SECRET}\n", "line 4", "name of an env"),
        ("channels:\n  cs: {kind: pigeon}\n", "line 2", "slack"),
        ("channels:\n  cs: {kind: slack}\n", "line 2", "either webhook or token"),
        ("channels:\n  cs: {kind: slack, token: T}\n", "line 2", "go together"),
        (
            "channels:\n  zendesk: {kind: teams, webhook: T}\n",
            "line 2",
            "what the system under crm is called",
        ),
        ("channels:\n  cs: {kind: teams}\n", "line 2", "channels.cs needs webhook"),
        (
            "channels:\n  m:\n    {kind: email, host: h, sender: a@b, user: U, password: P, "
            "security: none}\n",
            "line 2",
            "needs security",
        ),
        (f"{GOOD}team_leads: {{channel: nope}}\n", "line 17", "channel 'nope' does not exist"),
        (f"{GOOD}team_leads: {{channel: mail}}\n", "line 17", "there is no address"),
    ],
)
def test_what_cannot_be_used_is_told_by_line(
    tmp_path: Path, text: str, place: str, says: str
) -> None:
    with pytest.raises(LookupRefused) as refused:
        read(tmp_path, text)
    assert f"delivery.yaml, {place}" in str(refused.value)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "verysecret" not in str(refused.value)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00").astimezone(UTC)


def test_a_digest_is_due_from_its_hour_on_until_the_day_is_over(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)  # at 8:30 in Berlin, on Mondays and Thursdays
    assert digest_day(settings, berlin("2026-11-23T08:29")) is None
    assert digest_day(settings, berlin("2026-11-23T08:30")) == date(2026, 11, 23)
    assert digest_day(settings, berlin("2026-11-23T23:59")) == date(2026, 11, 23)
    assert digest_day(settings, berlin("2026-11-24T12:00")) is None  # a Tuesday
    assert digest_day(settings, berlin("2026-11-24T00:10"), early=True) == date(2026, 11, 24)
    # Half past midnight in Berlin is the day before in UTC.
    assert local_day(settings, berlin("2026-11-24T00:30")) == date(2026, 11, 24)


def test_a_digest_of_the_week_is_due_until_the_next_one(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)  # on Mondays at 7:00
    assert portfolio_day(settings, berlin("2026-11-23T06:59")) == date(2026, 11, 16)
    assert portfolio_day(settings, berlin("2026-11-23T06:59"), early=True) == date(2026, 11, 23)
    assert portfolio_day(settings, berlin("2026-11-23T07:00")) == date(2026, 11, 23)
    assert portfolio_day(settings, berlin("2026-11-29T23:00")) == date(2026, 11, 23)
