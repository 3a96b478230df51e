"""What every API of a CRM does."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from healthscore_assets.delivery.crm.rows import Row

Refused = Mapping[str, str]
"""The reason of each client that was not taken."""


class Api(Protocol):
    """Writes scores to one system; the same again changes nothing there."""

    size: int
    """Most clients of a request."""

    def write(self, rows: Sequence[Row], key: str) -> Refused:
        """Write scores of clients, and say which were not taken.

        Raises NotSent where the server could not be asked, LoggedOut, and BatchRefused where it
        refuses all of them for what may be wrong with one.
        """
