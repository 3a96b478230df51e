"""A CRM or help desk as a channel: its messages are the scores of a month."""

from dataclasses import dataclass, field

from healthscore_assets.delivery.channels.channel import Fate, Letter, Outcome
from healthscore_assets.delivery.channels.clock import Clock
from healthscore_assets.delivery.crm.push import push
from healthscore_assets.delivery.crm.rows import rows_of
from healthscore_assets.delivery.crm.settings import CrmSettings, System
from healthscore_assets.delivery.crm.talk import Sleep
from healthscore_assets.delivery.secrets import Secrets
from healthscore_assets.lake.lake import Lake
from healthscore_assets.lake.unavailable import LakeUnavailable


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
        """Write the scores of all clients; a month that is gone is refused."""
        month = letter.document.data["month"]
        try:
            file = self.lake.file("crm_scores", month)
        except FileNotFoundError:
            says = f"{self.system}: the lake holds no scores of {month} any more"
            return Outcome(Fate.REFUSED, says)
        except LakeUnavailable as away:
            return Outcome(Fate.LATER, f"{self.system}: {away}")
        return push(
            self.system,
            self.settings,
            self.secrets,
            rows_of(file),
            letter.key,
            clock=self.clock,
            sleep=self.sleep,
        )
