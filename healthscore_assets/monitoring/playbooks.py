"""Whether everybody who is alerted finds out what to do."""

from pathlib import Path

from healthscore_assets.lookups.refused import LookupRefused
from healthscore_assets.monitoring.observation import Observation, plural
from healthscore_assets.risk.alerts.rules import AlertRules
from healthscore_assets.risk.playbooks.reading import read_playbook


def playbooks_of(rules: AlertRules, folder: Path) -> Observation:
    """Whether each rule has a playbook that can be used; alerts are made without it, too."""
    missing: dict[str, list[str]] = {}
    wrong = []
    used = sorted({name for rule in rules.rules for name in rule.playbooks})
    for name in used:
        path = folder / f"{name}.md"
        if not path.is_file():
            missing[name] = [rule.name for rule in rules.rules if name in rule.playbooks]
            continue
        try:
            read_playbook(path)
        except LookupRefused as refused:
            wrong.append(str(refused))
    said = [
        f"{folder / name}.md: no such file, and {', '.join(named)} "
        f"{'names' if len(named) == 1 else 'name'} it; write it, or correct alerts.yaml"
        for name, named in missing.items()
    ] + wrong
    return Observation(
        not said,
        "\n".join(said) or f"{plural(len(used), 'playbook')} can be used.",
        {"playbooks": float(len(used) - len(said))},
    )
