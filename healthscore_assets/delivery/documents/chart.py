"""Clients by band over the months, as a picture."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from healthscore_assets.contracts.health_scores import BANDS
from healthscore_assets.delivery.documents.document import Image
from healthscore_assets.delivery.documents.portfolio_figures import (
    HISTORY_MONTHS,
    NOBODY,
    ScoredMonth,
)
from healthscore_assets.lake.months import shift, span
from healthscore_assets.risk.playbooks.words import month as in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCHES, _DPI = (6.4, 3.0), 120
_COLOURS = 32
"""Of the palette, by octree: the median cut that is the default dulls the colours of thin bars."""

_BANDS: tuple[tuple[str | None, str, str, str], ...] = (
    # From the bottom: what is bad stands on the ground, where its height is easiest to see.
    ("red", "red", "#b3372b", "#ffffff"),
    ("yellow", "yellow", "#f3c95b", "#222222"),
    ("green", "green", "#8fd3c0", "#222222"),
    (None, "no health", "#d5d9de", "#222222"),
)
"""Band, its name, its colour and that of the number on it; lightness tells them apart, too."""

_LOWEST = 0.045
"""A bar with less of the chart's height has no room for its number."""


def bands_chart(months: Sequence[ScoredMonth]) -> Image:
    """A bar for each of the last twelve months, a gap for those without scores.

    The same bytes for the same months; 768 x 360 pixels, a palette, less than 10 KB.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    _draw(figure.add_subplot(), months)
    return Image(png=_png(figure), says=_says(months))


def _draw(axes: "Axes", months: Sequence[ScoredMonth]) -> None:
    by_month = {each.month: each for each in months}
    newest = months[-1].month
    shown = span(shift(newest, 1 - HISTORY_MONTHS), newest)
    highest = max(each.all.clients for each in months)
    bottom = [0] * len(shown)
    for band, name, colour, ink in _BANDS:
        heights = [
            by_month[month].bands.get(band, NOBODY).clients if month in by_month else 0
            for month in shown
        ]
        if band is None and not any(heights):
            continue
        axes.bar(range(len(shown)), heights, bottom=bottom, width=0.82, color=colour, label=name)
        for place, (height, below) in enumerate(zip(heights, bottom, strict=True)):
            if height >= _LOWEST * highest:
                axes.text(
                    *(place, below + height / 2, f"{height:,}"),
                    color=ink,
                    fontsize=8,
                    ha="center",
                    va="center",
                )
        bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
    _frame(axes, shown, [*by_month], [month for month, e in by_month.items() if e.partial])


def _frame(
    axes: "Axes", shown: Sequence[str], scored: Sequence[str], partial: Sequence[str]
) -> None:
    """Months below, the bands in the order of the bars beside, and no lines but the ground."""
    axes.set_xlim(-0.6, len(shown) - 0.4)
    axes.set_xticks(
        range(len(shown)), [_label(month, shown[0], month in partial) for month in shown]
    )
    axes.tick_params(length=0, labelsize=8)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    for place, month in enumerate(shown):
        if month not in scored:
            axes.text(place, 0, "no\nscores", color="#6b7280", fontsize=7, ha="center", va="bottom")
    handles, names = axes.get_legend_handles_labels()
    axes.legend(
        *(handles[::-1], names[::-1]),
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        fontsize=8,
        handlelength=1.0,
    )
    note = " (* a part of the month)" if {*partial} & {*shown} else ""
    axes.set_title(f"Clients by band{note}", loc="left", fontsize=10)


def _label(month: str, first: str, partial: bool) -> str:
    """The month's name, with the year where it begins."""
    year = f"\n{month[:4]}" if month == first or month.endswith("-01") else ""
    return f"{in_words(month)[:3]}{'*' if partial else ''}{year}"


def _png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image as Picture  # comes with matplotlib

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    picture = Picture.frombuffer("RGBA", canvas.get_width_height(), pixels)
    small = picture.convert("RGB").quantize(
        _COLOURS, method=Picture.Quantize.FASTOCTREE, dither=Picture.Dither.NONE
    )
    written = io.BytesIO()
    small.save(written, "PNG", optimize=True)
    return written.getvalue()


def _says(months: Sequence[ScoredMonth]) -> str:
    newest = months[-1]
    told = ", ".join(
        f"{newest.bands.get(band, NOBODY).clients:,} {band}" for band in reversed(BANDS)
    )
    none = newest.bands.get(None, NOBODY).clients
    first = in_words(months[0].month)
    return (
        f"Clients by band from {first} to {in_words(newest.month)}: {told}"
        f"{f', {none:,} without a health' if none else ''} in the last month."
    )
