"""Puts the sentences of `texts` together, one per ticket or answer."""

import numpy as np

from healthscore_assets.demo.clients import IntArray
from healthscore_assets.demo.feeds.texts import TONES
from healthscore_assets.demo.product import FEATURES
from healthscore_assets.demo.window import MONTHS

_BY_LAUNCH = sorted((one for one in FEATURES if one.area), key=lambda one: one.launched)
_NAMES = [one.name.split(" | ")[-1] for one in _BY_LAUNCH]
_LAUNCHED = np.array([sum(one.launched <= month for one in _BY_LAUNCH) for month in MONTHS])
_ONE_WORD = 0.05


def write(
    rng: np.random.Generator, languages: list[str], tones: IntArray, months: IntArray
) -> tuple[list[str], list[str]]:
    """A subject and a text each, of a feature that exists by then; a few are a word or two."""
    draws = rng.random((4, tones.size))
    short = (rng.random(tones.size) < _ONE_WORD).tolist()
    features = np.floor(draws[0] * _LAUNCHED[months]).astype(np.int64).tolist()
    subjects, texts = [], []
    for language, at, feature, brief, subject, sentence, ending in zip(
        languages, tones.tolist(), features, short, *draws[1:].tolist(), strict=True
    ):
        tone = TONES[language][at]
        name = _NAMES[feature]
        word = _pick(tone.words, sentence)
        said = f"{_pick(tone.sentences, sentence)} {_pick(tone.endings, ending)}".format(name)
        subjects.append(word if brief else _pick(tone.subjects, subject).format(name))
        texts.append(word if brief else said)
    return subjects, texts


def _pick(options: tuple[str, ...], draw: float) -> str:
    return options[int(draw * len(options))]
