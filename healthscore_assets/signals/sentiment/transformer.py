"""A fine-tuned transformer from disk. Imported only where one is set: the `transformer` extra."""

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from healthscore_assets.signals.sentiment.model_folder import ModelFolder
from healthscore_assets.signals.sentiment.refused import ModelRefused
from healthscore_assets.signals.sentiment.scored_texts import TEXT_RULES

_OF_BAD_FILES = (OSError, ValueError, RuntimeError, LookupError, ImportError, SafetensorError)
"""What loading raises for files that are cut, changed, or of another model."""

_BATCH = 32
_UNTOLD_LIMIT = 512
"""Tokens, where neither the model nor its tokenizer tells how many it reads."""


class TransformerModel:
    """Scores are the probability of positive less that of negative, to four decimals.

    Four, as VADER gives: the length of a batch's other texts moves the seventh. Raises ModelRefused
    where the files are no whole model.
    """

    def __init__(self, folder: ModelFolder) -> None:
        self.name = f"transformer-{folder.digest()[:16]}-{TEXT_RULES}"
        self._tokenizer, self._model = _load(folder)
        self._limit = _limit(self._tokenizer, self._model)
        self._signs = torch.tensor(folder.signs, dtype=torch.float64)

    def score(self, texts: Sequence[str]) -> list[float]:
        """The score of each text, of as many tokens as the model reads, -1 to 1."""
        # Texts of like length share a batch: little is padded.
        order = sorted(range(len(texts)), key=lambda each: len(texts[each]))
        scores = [0.0] * len(texts)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            found = self._score_batch([texts[each] for each in batch])
            for each, score in zip(batch, found, strict=True):
                scores[each] = score
        return scores

    def _score_batch(self, texts: list[str]) -> list[float]:
        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._limit, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self._model(**tokens).logits
        scores = logits.double().softmax(dim=-1) @ self._signs
        return [round(score, 4) for score in scores.tolist()]


def _load(folder: ModelFolder) -> tuple[Any, Any]:
    # Nothing is fetched, and nothing is run that a download may bring: no modules, no pickles.
    only_read = {"local_files_only": True, "trust_remote_code": False}
    disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder.path, **only_read)
        model, loaded = AutoModelForSequenceClassification.from_pretrained(
            folder.path,
            **only_read,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:
        # tokenizers raises a plain Exception for files that are cut or changed.
        if type(error) is not Exception and not isinstance(error, _OF_BAD_FILES):
            raise
        found = shorten(f"{type(error).__name__}: {error}", 200, placeholder=" ...")
        raise ModelRefused(
            folder.path, f"cannot be loaded ({found})", "download the whole model again"
        ) from error
    _check(folder, tokenizer, model, sorted(loaded["missing_keys"]))
    return tokenizer, model.eval()


def _check(folder: ModelFolder, tokenizer: Any, model: Any, missing: list[str]) -> None:
    """What transformers only warns of, if that, and fills with random weights or unknown words."""
    if missing:
        raise ModelRefused(
            folder.path,
            f"its weights lack {missing[0]} ({len(missing)} are missing)",
            "use a model that was trained to tell sentiment",
        )
    words, known = len(tokenizer), model.config.vocab_size
    if not known / 2 <= words <= known:
        raise ModelRefused(
            folder.path,
            f"its tokenizer has {words} tokens and its weights have {known}",
            "download the whole model again",
        )
    if tokenizer.pad_token_id is None:
        raise ModelRefused(
            folder.path, "its tokenizer has no padding token", "name pad_token in its files"
        )


def _limit(tokenizer: Any, model: Any) -> int:
    """How many tokens the model reads: the least that it or its tokenizer tells.

    A tokenizer that was told none says 1e30.
    """
    told = [tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", None)]
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa and its kin count positions from behind that of padding.
            padding = module.padding_idx
            told.append(module.num_embeddings - (0 if padding is None else padding + 1))
    limits = [each for each in told if each and 0 < each < 1e9]
    return int(min(limits, default=_UNTOLD_LIMIT))
