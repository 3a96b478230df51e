"""Which model scores texts: VADER, or a transformer from a folder on disk."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from healthscore_assets.signals.sentiment.lexicon import VaderModel
from healthscore_assets.signals.sentiment.model_folder import ModelFolder, read_model_folder
from healthscore_assets.signals.sentiment.refused import ModelRefused


class SentimentModel(Protocol):
    """What scores English texts.

    Scores are kept under its name, which is another one when the model, its files or the rules of
    which texts are scored change.
    """

    name: str

    def score(self, texts: Sequence[str]) -> list[float]:
        """One score a text, -1 (negative) to 1 (positive)."""
        ...


def check_model(setting: str) -> None:
    """Look whether a setting names a model, without loading it; raises ModelRefused as below."""
    if setting != "vader":
        folder = read_model_folder(Path(setting))
        for package in ("torch", "transformers"):
            if find_spec(package) is None:
                raise _not_installed(folder, f"there is no {package}")


def open_model(setting: str) -> SentimentModel:
    """The model that a setting names, `vader` or the folder of a transformer, loaded once.

    Raises ModelRefused for a folder that holds no sentiment model that can be told apart, and where
    the extra for transformers is not installed.
    """
    if setting == "vader":
        return _vader()
    folder = read_model_folder(Path(setting))
    return _transformer(folder, folder.version())


@lru_cache(maxsize=1)
def _vader() -> SentimentModel:
    return VaderModel()


@lru_cache(maxsize=1)
def _transformer(folder: ModelFolder, _version: tuple[object, ...]) -> SentimentModel:
    try:
        # Seconds and hundreds of megabytes, for those that set it only.
        from healthscore_assets.signals.sentiment.transformer import TransformerModel
    except ImportError as error:
        raise _not_installed(folder, str(error)) from error
    return TransformerModel(folder)


def _not_installed(folder: ModelFolder, why: str) -> ModelRefused:
    return ModelRefused(
        folder.path,
        f"transformers are not installed ({why})",
        "pip install healthscore-assets[transformer]",
    )
