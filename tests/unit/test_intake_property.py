"""A tidy month, rendered in any shape with any dirt, is taken in as it was."""

import random
import shutil
import tempfile
from pathlib import Path

import intake_load
import pytest
from dirt import Rendered, TidyMonth, render
from dirt_files import LONG_FORMATS, WIDE_FORMATS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tidy_months import tidy_months

WAYS = [("wide", form) for form in sorted(set(WIDE_FORMATS))]
WAYS += [("events", form) for form in sorted(set(LONG_FORMATS))]
EXAMPLES = 12
"""For each of the ten ways: a hundred and twenty in all."""


def taken_in(rendered: Rendered) -> intake_load.Loaded:
    folder = Path(tempfile.mkdtemp())
    try:
        for name, content in rendered.files.items():
            path = folder / "inbox" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        for name, text in rendered.lookups.items():
            path = folder / "lookups" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return intake_load.load(folder / "inbox", folder / "lookups")
    finally:
        shutil.rmtree(folder)


def comes_back(tidy: TidyMonth, shape: str, form: str, rng: random.Random) -> None:
    rendered = render(tidy, rng, shape, form)
    loaded = taken_in(rendered)
    assert loaded.problems == []
    assert loaded.quarantine == []
    names = ("month", "client_id", "visitor_id", "audience", "feature", "measure")
    found = {tuple(row[name] or "" for name in names): float(row["value"]) for row in loaded.usage}
    assert len(found) == len(loaded.usage)
    assert found == rendered.expected


@pytest.mark.parametrize(("shape", "form"), WAYS)
def test_a_rendered_month_comes_back(shape: str, form: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,  # the same examples in every run
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.generate, Phase.shrink],
    )
    @given(tidy_months(shape), st.randoms(use_true_random=False), st.booleans())
    def check(tidy: TidyMonth, rng: random.Random, visitors: bool) -> None:
        kind = {"wide": ("wide_account", "wide_visitor"), "events": ("events_account", "events")}
        comes_back(tidy, kind[shape][visitors], form, rng)

    check()
