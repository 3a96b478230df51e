"""The portfolio of the week, for team leads: bands, risers and fallers, ARR at risk, alerts."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from healthscore_assets.contracts.alerts import TIERS
from healthscore_assets.contracts.health_scores import BANDS
from healthscore_assets.delivery.documents.chart import bands_chart
from healthscore_assets.delivery.documents.document import Document, Line, Section, Tone
from healthscore_assets.delivery.documents.portfolio_figures import (
    NOBODY,
    RENEWAL_DAYS,
    Group,
    Mover,
    Portfolio,
    ScoredMonth,
)
from healthscore_assets.lake.months import shift
from healthscore_assets.monitoring.observation import plural
from healthscore_assets.risk.playbooks.words import month as in_words
from healthscore_assets.risk.playbooks.words import number, percent

_TONES: dict[str | None, Tone] = {"green": "good", "yellow": "warning", "red": "bad"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def portfolio_document(portfolio: Portfolio) -> Document:
    """What is told of the portfolio; what is not known is said to be so, never counted as 0.

    ``data`` are the same numbers: ``arr`` is null where that of nobody is known, and of how many
    it is stands beside it; a change is null where the month before does not tell.
    """
    return Document(
        purpose="portfolio",
        title=f"Portfolio of {in_words(portfolio.newest.month)}: {_in_short(portfolio)}",
        intro=" ".join(_intro(portfolio)),
        sections=(
            Section(heading="Clients by band", lines=tuple(_bands(portfolio))),
            Section(heading="At risk", lines=tuple(_at_risk(portfolio))),
            *_moved(portfolio),
            Section(heading="Alerts", lines=tuple(_alerts(portfolio))),
        ),
        closing=(
            "At risk are clients in the red band, and those with an open alert of tier high. "
            "Every client: healthscore scores. What to act on: healthscore alerts."
        ),
        image=bands_chart(portfolio.months),
        data=_data(portfolio),
    )


def _in_short(portfolio: Portfolio) -> str:
    at_risk = portfolio.at_risk
    if not portfolio.newest.with_health:
        return "no client has a health"
    told = f"{plural(at_risk.clients, 'client')} at risk"
    return f"{told}, {_arr(at_risk)}" if at_risk.clients else told


def _intro(portfolio: Portfolio) -> Iterator[str]:
    newest, before = portfolio.newest, portfolio.before
    everybody = newest.all
    yield f"{plural(everybody.clients, 'client')}, {_arr(everybody)}."
    if not newest.with_health:
        yield "No client has a health in the month, so who is in which band is not known."
    if newest.partial:
        yield f"{in_words(newest.month)} is not whole: usage is of a part of it."
    if before is None:
        yield f"{in_words(shift(newest.month, -1))} has no scores to compare with."
    elif before.partial:
        yield f"{in_words(before.month)}, which it is compared with, is not whole."


def _bands(portfolio: Portfolio) -> Iterator[Line]:
    newest, before = portfolio.newest, portfolio.before
    for band in (*BANDS, None) if newest.with_health else (None,):
        now, was = _in_band(newest, band), _in_band(before, band)
        if band is None and not now.clients and not (was and was.clients):
            continue
        told = [f"{plural(now.clients, 'client')}{_change(now.clients, was and was.clients)}"]
        if now.clients:
            change = _change(now.arr, was.arr) if was and _all_known(now, was) else ""
            told.append(f"{_arr(now)}{change}")
            share = _share(now, newest.all)
            told += [] if share is None else [f"{percent(share)} of all ARR"]
        name = "No health" if band is None else band.capitalize()
        yield Line(text=name, detail=", ".join(told), tone=_TONES.get(band, "plain"))


def _in_band(month: ScoredMonth | None, band: str | None) -> Any:
    """The clients of a band; None where there is no such month."""
    return None if month is None else month.bands.get(band, NOBODY)


def _at_risk(portfolio: Portfolio) -> Iterator[Line]:
    at_risk, renewing = portfolio.at_risk, portfolio.renewing
    share = _share(at_risk, portfolio.newest.all)
    of_all = "" if share is None else f", {percent(share)} of all ARR"
    yield Line(
        text=plural(at_risk.clients, "client"),
        detail=f"{_arr(at_risk)}{of_all}" if at_risk.clients else "",
        tone="bad" if at_risk.clients else "good",
    )
    if at_risk.clients:
        until = _day(portfolio.today + timedelta(days=RENEWAL_DAYS))
        yield Line(
            text=f"{renewing.clients:,} of them "
            f"{'renews' if renewing.clients == 1 else 'renew'} by {until}",
            detail=_arr(renewing) if renewing.clients else "",
            tone="bad" if renewing.clients else "plain",
        )


def _moved(portfolio: Portfolio) -> Iterator[Section]:
    if portfolio.before is None or not portfolio.before.with_health:
        return
    if not portfolio.newest.with_health:
        return
    since = in_words(portfolio.before.month)
    sections: tuple[tuple[str, Sequence[Mover], Tone], ...] = (
        ("fell", portfolio.fallers, "bad"),
        ("rose", portfolio.risers, "good"),
    )
    for did, movers, tone in sections:
        lines = tuple(
            Line(
                text=each.client_name,
                detail=f"health {each.before:.1f} → {each.health:.1f}, {_of_one(each.arr)}",
                tone=tone,
            )
            for each in movers
        )
        yield Section(
            heading=f"Health {did} most since {since}", lines=lines or (Line(text="Nobody's"),)
        )


def _alerts(portfolio: Portfolio) -> Iterator[Line]:
    alerts = portfolio.alerts
    if alerts is None:
        yield Line(text="Not known", detail="the alert ledger knows no month yet")
        return
    by_tier = ", ".join(f"{alerts.open[tier]:,} {tier}" for tier in reversed(TIERS))
    yield Line(
        text=f"{alerts.opened:,} opened", detail=f"with the data of {in_words(alerts.month)}"
    )
    yield Line(
        text=f"{sum(alerts.open.values()):,} open",
        detail=by_tier,
        tone="warning" if alerts.open["high"] else "plain",
    )
    yield Line(text=f"{alerts.acknowledged:,} of them acknowledged")
    yield Line(
        text=f"{alerts.overdue:,} of them overdue",
        detail="nobody took them on by their day" if alerts.overdue else "",
        tone="bad" if alerts.overdue else "plain",
    )


def _arr(group: Group) -> str:
    if not group.known:
        return "ARR not known"
    missing = group.clients - group.known
    return f"ARR {number(group.arr)}{f' (not known of {missing:,})' if missing else ''}"


def _of_one(arr: float | None) -> str:
    return "ARR not known" if arr is None else f"ARR {number(arr)}"


def _share(part: Group, whole: Group) -> float | None:
    """Share of the ARR; None where not all of it is known, or there is none."""
    return part.arr / whole.arr if whole.arr and whole.known == whole.clients else None


def _all_known(*groups: Group) -> bool:
    return all(each.known == each.clients for each in groups)


def _change(now: float, before: float | None) -> str:
    if before is None:
        return ""
    if now == before:
        return " (no change)"
    return f" ({'+' if now > before else '−'}{number(abs(now - before))})"


def _day(when: date) -> str:
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def _data(portfolio: Portfolio) -> dict[str, Any]:
    newest, before, alerts = portfolio.newest, portfolio.before, portfolio.alerts
    bands = []
    for band in (*BANDS, None):
        now, was = _in_band(newest, band), _in_band(before, band)
        known = was is not None and _all_known(now, was)
        bands.append(
            {
                "band": band,
                **_group(now, newest.all),
                "clients_change": None if was is None else now.clients - was.clients,
                "arr_change": now.arr - was.arr if known else None,
            }
        )
    return {
        "month": newest.month,
        "partial": newest.partial,
        "compared_with": before and before.month,
        "compared_with_partial": before and before.partial,
        "with_health": newest.with_health,
        "all": _group(newest.all, newest.all),
        "bands": bands,
        "at_risk": _group(portfolio.at_risk, newest.all),
        "renewing": {
            **_group(portfolio.renewing, newest.all),
            "until": (portfolio.today + timedelta(days=RENEWAL_DAYS)).isoformat(),
        },
        "fallers": [_mover(each) for each in portfolio.fallers],
        "risers": [_mover(each) for each in portfolio.risers],
        "alerts": alerts
        and {
            "month": alerts.month,
            "opened": alerts.opened,
            "open": {**alerts.open},
            "acknowledged": alerts.acknowledged,
            "overdue": alerts.overdue,
        },
    }


def _group(group: Group, whole: Group) -> dict[str, Any]:
    return {
        "clients": group.clients,
        "arr": group.arr if group.known or not group.clients else None,
        "arr_known_of": group.known,
        "arr_share": _share(group, whole),
    }


def _mover(each: Mover) -> dict[str, Any]:
    return {
        "client_id": each.client_id,
        "client_name": each.client_name,
        "health": each.health,
        "health_before": each.before,
        "arr": each.arr,
    }
