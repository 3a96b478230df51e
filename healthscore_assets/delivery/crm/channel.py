"""A CRM or help desk as a channel: its messages are the scores of a month."""

from dataclasses import dataclass, field
from pathlib import Path

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.crm.push import push
from healthscore_assets.delivery.crm.rows import RowsDamaged, rows_of
from healthscore_assets.delivery.crm.settings import CrmSettings, System
from healthscore_assets.delivery.crm.talk import Sleep
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable
from healthscore_assets.lookups.secrets import Secrets


@dataclass(frozen=True)
class ScoresChannel:
    """Pushes the rows of `crm_scores` of the month that a letter names, from the lake."""

    system: System
    settings: CrmSettings
    secrets: Secrets = field(repr=False)
    lake: Lake
    clock: Clock = field(repr=False)
    sleep: Sleep = field(repr=False)

    def send(self, letter: Letter) -> Outcome:
        """Write the scores of all clients; a month that is gone is refused.

        A lake that cannot be used, or a damaged table, is told like a channel that does not work.
        """
        month = letter.document.data["month"]
        try:
            return self._push(self.lake.file("crm_scores", month), letter.key)
        except FileNotFoundError:
            says = f"{self.system}: the lake holds no scores of {month} any more"
            return Outcome(Fate.REFUSED, says)
        except LakeUnavailable as away:
            return Outcome(Fate.LATER, f"{self.system}: {away}")
        except (LakeRefused, RowsDamaged) as found:
            return Outcome(Fate.CHANNEL_REFUSED, f"{self.system}: {found}")

    def _push(self, file: Path, key: str) -> Outcome:
        return push(
            self.system,
            self.settings,
            self.secrets,
            rows_of(file),
            key,
            clock=self.clock,
            sleep=self.sleep,
        )
