"""The contract of `surveys`."""

import pandera.ibis as pa

from healthscore_assets.contracts.columns import FEED_CLIENT, SENTIMENT, day, optional_text

SURVEYS = pa.DataFrameSchema(
    name="surveys",
    description="Answers to surveys that were given in the month.",
    metadata={"grain": "answer x kind", "feed": "surveys"},
    unique=["answer_id", "kind"],
    columns={
        "answer_id": pa.Column(
            str,
            pa.Check.str_length(min_value=1),
            description="Id of the answer, else one made from what it tells.",
        ),
        "client_id": FEED_CLIENT,
        "respondent": optional_text("Who answered."),
        "date": day("Day of the answer."),
        "kind": pa.Column(
            str, pa.Check.isin(["nps", "csat"]), description="What was asked: NPS or CSAT."
        ),
        "score": pa.Column(
            float,
            pa.Check.in_range(0, 10),
            description="The answer: 0 to 10 for NPS, 1 to 5 for CSAT.",
        ),
        **SENTIMENT,
    },
)
