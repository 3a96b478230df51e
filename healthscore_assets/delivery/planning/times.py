"""When digests are due, by the clock of the time zone that the settings name."""

from datetime import date, datetime, timedelta

from healthscore_assets.delivery.settings import WEEKDAYS, DeliverySettings


def local_day(settings: DeliverySettings, at: datetime) -> date:
    """The day that it is where the readers are."""
    return at.astimezone(settings.zone).date()


def digest_day(settings: DeliverySettings, at: datetime, *, early: bool = False) -> date | None:
    """The day whose digest is due: today, from its hour on; None before, and on other days.

    Parameters: ``early`` does not wait for the hour, nor for the days.
    """
    here = at.astimezone(settings.zone)
    if early:
        return here.date()
    on_the_day = WEEKDAYS[here.weekday()] in settings.digest_on
    return here.date() if on_the_day and here.time() >= settings.digest_at else None


def portfolio_day(settings: DeliverySettings, at: datetime, *, early: bool = False) -> date:
    """The day of the newest portfolio digest that is due; it is sent until the next one is.

    Parameters: ``early`` counts the one of today before its hour.
    """
    here = at.astimezone(settings.zone)
    back = (here.weekday() - WEEKDAYS.index(settings.portfolio_on)) % 7
    if back == 0 and here.time() < settings.portfolio_at and not early:
        back = 7
    return here.date() - timedelta(days=back)
