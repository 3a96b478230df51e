"""Settings that property tests share."""

from hypothesis import HealthCheck, Phase, settings


def examples(count: int) -> settings:
    """The same examples in every run, so that a run fails for what was changed and nothing else."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.generate],
    )
