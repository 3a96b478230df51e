"""What a playbook holds."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Playbook:
    """What is done about an alert: by which role, until when, in which steps, with which message.

    ``message`` is a template that stands on its line of the file, after as many empty lines.
    """

    name: str
    path: Path
    goal: str
    owner: str
    timeframe: str
    steps: tuple[str, ...]
    message: str
