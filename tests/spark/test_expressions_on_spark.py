"""Where Spark and DuckDB would differ: literals, white space, order, medians, rounding."""

import ibis
import pyarrow as pa

from healthscore_assets.delivery.crm.cells import tenths
from healthscore_assets.lake.computes import Computes
from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.expressions import listed_in_order, summed_in_order, trimmed
from healthscore_assets.lake.spark.engine import SparkEngine

SCHEMA = ibis.schema({"client": "string", "n": "int64", "x": "float64", "text": "string"})
ROWS = {
    "client": ["a", "a", "a", "b"],
    "n": [3, 1, 2, 1],
    "x": [0.1, 18.75, 18.749999999999996, 0.05],
    "text": [" \tgov v\n", "vf", "  ", None],
}


def told(engine: Computes) -> list[dict[str, object]]:
    rows = engine.arrow("rows_told", pa.table(ROWS), SCHEMA)
    each = rows.mutate(
        share=rows.n / 45.0,
        decayed=ibis.literal(0.5) ** (rows.n / 30.0),
        tenth=tenths(rows.x),
        trim=trimmed(rows.text),
    )
    kept = engine.keep("each_told", each)
    found = kept.group_by("client").aggregate(
        share=kept.share.max(),
        decayed=summed_in_order(kept.decayed, [kept.n]),
        tenths=ibis.literal("; ").join(listed_in_order(kept.tenth, [-kept.n])),
        trims=listed_in_order(kept["trim"], [kept.n], kept["trim"].notnull()),
        median=ibis.ifelse(kept.n > 1, kept.x, None).median(),
    )
    return engine.rows(found.order_by("client"))


def test_both_engines_tell_the_same(spark: SparkEngine) -> None:
    duckdb = Engine()
    here, there = told(duckdb), told(spark)
    duckdb.close()
    assert here[0]["tenths"] == "0.1; 18.8; 18.8"
    assert here[0]["share"] == 3 / 45
    assert here[0]["trims"] == ["vf", "", "gov v"]
    assert [{k: v for k, v in row.items() if not isinstance(v, float)} for row in there] == [
        {k: v for k, v in row.items() if not isinstance(v, float)} for row in here
    ]
    for one, other in zip(here, there, strict=True):
        for name, value in one.items():
            if isinstance(value, float):
                assert abs(value - float(str(other[name]))) < 1e-15, name
