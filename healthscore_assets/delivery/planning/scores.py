"""Scores of the newest month for the systems whose API is set up."""

from collections.abc import Iterable

from healthscore_assets.delivery.crm.settings import CrmSettings, System
from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.settings import Address
from healthscore_assets.lake.content import content_hash
from healthscore_assets.lake.lake import Lake
from healthscore_assets.risk.playbooks.words import month as in_words

TABLE = "crm_scores"


def scores_messages(lake: Lake, settings: CrmSettings, systems: Iterable[System]) -> list[Message]:
    """A message per system; its rows are read from the lake when it is sent.

    What it is about changes with the rows and with the fields they go to, so every correction is
    sent. Months before the newest that is scored are not: they would take the place of newer ones.
    """
    months = lake.months(TABLE)
    if not months or months[-1] != lake.months("client_scores")[-1]:
        return []
    version = f"{content_hash(lake.file(TABLE, months[-1]))[:16]}-{settings.version_of_files()[:8]}"
    return [_message(system, months[-1], version) for system in systems]


def _message(system: System, month: str, version: str) -> Message:
    document = Document(
        purpose="scores",
        title=f"Scores of {in_words(month)} for {system}",
        data={"system": system, "month": month, "version": version},
    )
    return Message(f"{month} {version}", Address(channel=system), document)
