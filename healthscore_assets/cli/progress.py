"""How a run of many months shows where it is: bars on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from healthscore_assets.contracts import FEED_TABLES
from healthscore_assets.orchestration.plan import MonthPlan
from healthscore_assets.orchestration.runs import MonthOutcome, OnTable


class Display:
    """Shows months as they are done, and the tables of the month at hand."""

    def __init__(self, console: Console, months: int) -> None:
        self._console, self._months, self._done = console, months, 0
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._overall = self._progress.add_task("months", total=months)
        self._stage = self._progress.add_task("", total=None)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep the bars on the screen while months run."""
        with self._progress:
            yield

    def start(self, plan: MonthPlan) -> OnTable:
        """A month begins; call the answer with each table that is done."""
        self._progress.reset(self._stage, total=len(plan.tables), description=plan.month)

        def table_done(table: str) -> None:
            self._progress.update(self._stage, advance=1, description=f"{plan.month} {table}")

        return table_done

    def finish(self, outcome: MonthOutcome) -> None:
        """A month is over."""
        self._done += 1
        self._progress.update(self._overall, advance=1)
        counter = f"[{self._done:>{len(str(self._months))}}/{self._months}]"
        self._console.print(f"{counter} {outcome_line(outcome)}", highlight=False, markup=False)


def outcome_line(outcome: MonthOutcome) -> str:
    """A month in one line."""
    scored = "client_scores" in outcome.numbers
    if not outcome.succeeded and not scored:
        return f"{outcome.month} refused; its tables stay as they were"
    if outcome.numbers.get("raw_pendo_export.withdrawn"):
        return f"{outcome.month} withdrawn; no export tells of it any more"
    told = [
        f"{outcome.numbers[name]:>{width},.0f} {noun}"
        for name, width, noun in (
            ("client_scores", 5, "clients"),
            ("visitor_month", 7, "visitors"),
            ("area_engagement.engagement_out", 10, "engagement"),
        )
        if name in outcome.numbers
    ]
    if not scored:
        rows = {feed: outcome.numbers.get(feed, 0) for feed in FEED_TABLES}
        told += [f"{count:,.0f} {feed.replace('_', ' ')}" for feed, count in rows.items() if count]
    if not outcome.succeeded:
        told.append("some of its tables stay as they were")
    if outcome.numbers.get("quarantine"):
        told.append(f"{outcome.numbers['quarantine']:,.0f} cells in quarantine")
    return f"{outcome.month} {' '.join(told)} {outcome.seconds:>5.1f} s"
