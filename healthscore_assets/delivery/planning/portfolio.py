"""Whether the portfolio of the week is due, and who gets it."""

from datetime import date, datetime

from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.outbox.message import Message
from healthscore_assets.delivery.outbox.news import News
from healthscore_assets.delivery.planning.times import portfolio_day
from healthscore_assets.delivery.settings import DeliverySettings


def due_portfolio(
    news: News, settings: DeliverySettings, at: datetime, *, early: bool
) -> date | None:
    """The day whose digest is due and was not sent yet; None where nobody reads it."""
    day = portfolio_day(settings, at, early=early)
    known = ("portfolio", _about(day)) in news.queued
    return None if known or not settings.team_leads else day


def portfolio_messages(document: Document, settings: DeliverySettings, day: date) -> list[Message]:
    """The portfolio of the week of a day, for every team lead."""
    return [Message(_about(day), address, document) for address in settings.team_leads]


def _about(day: date) -> str:
    return f"week of {day}"
