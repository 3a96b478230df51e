"""The sentiment of a column of texts."""

import pyarrow as pa

from healthscore_assets.signals.sentiment.languages import are_english
from healthscore_assets.signals.sentiment.model import SentimentModel
from healthscore_assets.signals.sentiment.scored_texts import long_enough, scored_texts


def sentiment_of(texts: pa.ChunkedArray | pa.Array, model: SentimentModel) -> pa.Array:
    """Float64, -1 to 1, in the order of the texts (strings); each distinct one is scored once.

    Null, not neutral, where a text is blank, has fewer than three words, or is not English. Raises
    ValueError for a model that gives anything but one number from -1 to 1 for each.
    """
    known = scored_texts(texts).dictionary_encode()
    long = known.dictionary.filter(long_enough(known.dictionary))
    english = long.filter(pa.array(are_english(long.to_pylist()), pa.bool_()))
    read = english.to_pylist()
    scores = dict(zip(read, model.score(read), strict=True))
    wrong = [score for score in scores.values() if not -1 <= score <= 1]
    if wrong:
        raise ValueError(f"{model.name} gave {wrong[0]} for a text; a sentiment is -1 to 1")
    by_text = [scores.get(text) for text in known.dictionary.to_pylist()]
    return pa.array(by_text, pa.float64()).take(known.indices)
