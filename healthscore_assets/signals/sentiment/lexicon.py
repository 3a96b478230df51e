"""The default model: VADER, a lexicon and its rules, inside its package."""

from collections.abc import Sequence
from importlib.metadata import version

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from healthscore_assets.signals.sentiment.scored_texts import TEXT_RULES

_CHARACTERS = 5_000
"""VADER's time grows with the square: a pasted log of 20,000 characters takes a second."""


class VaderModel:
    """Scores are VADER's compound, to four decimals (Hutto and Gilbert, ICWSM 2014)."""

    def __init__(self) -> None:
        self.name = f"vader-{version('vaderSentiment')}-{TEXT_RULES}"
        self._analyzer = SentimentIntensityAnalyzer()

    def score(self, texts: Sequence[str]) -> list[float]:
        """The compound of each text's first 5,000 characters, -1 to 1."""
        return [self._compound(text) for text in texts]

    def _compound(self, text: str) -> float:
        # It knows "don't" as a negation, but not with the apostrophe that phones write.
        plain = text[:_CHARACTERS].replace("’", "'")
        return float(self._analyzer.polarity_scores(plain)["compound"])
