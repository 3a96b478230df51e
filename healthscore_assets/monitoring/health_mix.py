"""Whether health was observed widely enough, and looks ahead rather than back."""

import ibis

from healthscore_assets.lake.computes import Computes
from healthscore_assets.monitoring.observation import Observation

_LEADING = (0.70, 0.80)


def health_mix(engine: Computes, scores: ibis.Table) -> Observation:
    """Clients without a health, and the mean share of weight on leading components.

    Parameters: ``scores`` as in `health_scores`.
    """
    (row,) = engine.rows(
        scores.aggregate(
            clients=scores.count(),
            without=scores.count(where=scores.health.isnull()),
            health=scores.health.mean(),
            coverage=scores.coverage.mean(),
            leading=scores.leading_share.mean(),
            green=scores.count(where=scores.band == "green"),
            yellow=scores.count(where=scores.band == "yellow"),
            red=scores.count(where=scores.band == "red"),
        )
    )
    said = []
    if row["without"]:
        said.append(
            f"{row['without']:,} of {row['clients']:,} clients have no health: too little of "
            "them was observed (health_scores.reason)."
        )
    least, most = _LEADING
    if row["leading"] is not None and not least <= round(row["leading"], 9) <= most:
        said.append(
            f"{row['leading']:.1%} of the weight is on leading components; 70 to 80 % tell of "
            "trouble in time without losing what clients say. See health.preset in scoring.yaml."
        )
    numbers = {
        name: float(row[name])
        for name in ("health", "coverage", "leading", "green", "yellow", "red", "without")
        if row[name] is not None
    }
    return Observation(not said, " ".join(said) or "Every client has a health.", numbers)
