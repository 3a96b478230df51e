"""Channels as they are opened: with all of their secrets, and with no more than they need."""

import subprocess
import sys
from typing import Any

import pytest
from delivery_letters import opened

from healthscore_assets.lookups.secrets import SecretMissing

EMAIL = {"kind": "email", "host": "mail.example.com", "sender": "health@example.com"}


@pytest.mark.parametrize(
    ("settings", "secrets", "missing"),
    [
        ({"kind": "slack", "webhook": "HOOK"}, {}, "HOOK"),
        ({"kind": "slack", "token": "TOKEN", "channel": "C1"}, {"HOOK": "x"}, "TOKEN"),
        ({"kind": "teams", "webhook": "HOOK"}, {"HOOK": "  "}, "HOOK"),
        ({"kind": "webhook", "url": "HOOK", "secret": "KEY"}, {"KEY": "x"}, "HOOK"),
        ({"kind": "webhook", "url": "HOOK", "secret": "KEY"}, {"HOOK": "x"}, "KEY"),
        ({"kind": "apprise", "url": "HOOK"}, {}, "HOOK"),
        (EMAIL | {"user": "NAME", "password": "KEY"}, {"NAME": "x"}, "KEY"),
        (EMAIL | {"user": "NAME", "password": "KEY"}, {"KEY": "x"}, "NAME"),
    ],
)
def test_a_secret_that_is_missing(
    settings: dict[str, Any], secrets: dict[str, str], missing: str
) -> None:
    with pytest.raises(SecretMissing, match=f"^{missing} is not set; set the environment"):
        opened(settings, secrets)


def test_a_mail_server_without_a_login_needs_no_secret() -> None:
    opened(EMAIL, {})


def test_nothing_is_loaded_before_a_channel_needs_it() -> None:
    program = (
        "import sys; import healthscore_assets.delivery.channels.opened\n"
        "print({'apprise', 'httpx', 'slack_sdk', 'smtplib', 'standardwebhooks'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
