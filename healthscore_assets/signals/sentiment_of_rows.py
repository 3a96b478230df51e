"""The sentiment of the words in rows, each text read once."""

import ibis
import pyarrow as pa

from healthscore_assets.lake.engine import Engine
from healthscore_assets.signals.sentiment.model import SentimentModel
from healthscore_assets.signals.sentiment.scores import sentiment_of

_SCHEMA = ibis.schema({"read_sha256": "string", "sentiment": "float64"})


def with_sentiment(
    engine: Engine, rows: ibis.Table, model: SentimentModel, before: ibis.Table
) -> ibis.Table:
    """The rows with ``sentiment``, ``text_sha256`` and ``sentiment_model`` in place of ``text``.

    Parameters: ``before`` has those columns of rows that were read before: what the same model
    read is not read again.
    """
    hashed = rows.mutate(text_sha256=rows.text.hexdigest("sha256"))
    texts = hashed.filter(hashed.text.notnull()).select("text_sha256", "text").distinct()
    read = before.filter((before.sentiment_model == model.name) & before.text_sha256.notnull())
    read = read.select(read_sha256="text_sha256", sentiment="sentiment").distinct()
    known = engine.keep("texts_read", read)
    new = engine.to_arrow(texts.anti_join(known, texts.text_sha256 == known.read_sha256))
    scores = sentiment_of(new["text"], model) if new.num_rows else pa.array([], pa.float64())
    rows_scored = pa.table({"read_sha256": new["text_sha256"], "sentiment": scores})
    scored = engine.arrow("texts_scored", rows_scored, _SCHEMA)
    everything = known.union(scored)
    joined = hashed.left_join(everything, hashed.text_sha256 == everything.read_sha256)
    told = joined.text_sha256.notnull()
    return joined.mutate(sentiment_model=ibis.ifelse(told, ibis.literal(model.name), None)).drop(
        "read_sha256", "text"
    )
