"""How a run of many months shows where it is: bars on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

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
    if not outcome.succeeded:
        return f"{outcome.month}  not done: {outcome.problems[0] if outcome.problems else '?'}"
    told = []
    for table, noun in (("client_scores", "clients"), ("visitor_month", "visitors")):
        if table in outcome.numbers:
            told.append(f"{outcome.numbers[table]:>7,.0f} {noun}")
    if "area_engagement.engagement_out" in outcome.numbers:
        told.append(f"{outcome.numbers['area_engagement.engagement_out']:>11,.0f} engagement")
        told.append(f"{outcome.numbers['area_engagement.share_unmapped']:>6.1%} unmapped")
    if outcome.numbers.get("quarantine"):
        told.append(f"{outcome.numbers['quarantine']:,.0f} quarantined")
    return f"{outcome.month}  done in {outcome.seconds:4.1f} s  " + " ".join(told)
