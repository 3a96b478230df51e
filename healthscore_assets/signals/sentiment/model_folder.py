"""A transformer on disk, in the format that Hugging Face's save_pretrained writes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from healthscore_assets.lake.content import content_hash, version_of
from healthscore_assets.signals.sentiment.refused import ModelRefused

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_TOKENIZERS = (
    ("tokenizer.json",),
    ("vocab.json", "merges.txt"),
    ("vocab.txt",),
    ("sentencepiece.bpe.model",),
    ("spiece.model",),
    ("spm.model",),
    ("tokenizer.model",),
)
_READ = ("*.json", "*.txt", "*.model", "*.safetensors")

_SIGNS = {"negative": -1, "neutral": 0, "positive": 1}
_UNNAMED_SIGNS = {"label_0": -1, "label_1": 0, "label_2": 1}


@dataclass(frozen=True)
class ModelFolder:
    """A folder that holds all of a model, and by which sign each of its outputs counts."""

    path: Path
    signs: tuple[int, ...]

    def digest(self) -> str:
        """SHA-256 over the model's files, in hexadecimal: other weights are another model."""
        lines = [f"{content_hash(file)}  {file.name}\n" for file in self._files()]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def version(self) -> tuple[object, ...]:
        """Equal as long as no file was written again, without reading any."""
        return tuple((file.name, version_of(file)) for file in self._files())

    def _files(self) -> list[Path]:
        return sorted({file for pattern in _READ for file in self.path.glob(pattern)})


def read_model_folder(path: Path) -> ModelFolder:
    """Check what a folder holds, without loading it.

    Raises ModelRefused where the folder, its config.json, weights or tokenizer are missing, or
    where its outputs are not negative, neutral (or none such) and positive.
    """
    if not path.is_dir():
        raise ModelRefused(
            path, "no such folder", "models are read from disk only: download it, give its folder"
        )
    if not any((path / name).is_file() for name in _WEIGHTS):
        if (path / "pytorch_model.bin").is_file():
            todo = "load pytorch_model.bin with transformers once and write it with save_pretrained"
        else:
            todo = "download the whole model"
        raise ModelRefused(path, "has no model.safetensors", todo)
    if not any(all((path / name).is_file() for name in names) for names in _TOKENIZERS):
        names = ", ".join(" with ".join(names) for names in _TOKENIZERS)
        raise ModelRefused(path, "has no tokenizer", f"one of these is needed: {names}")
    return ModelFolder(path, _signs(path, _config(path)))


def _config(path: Path) -> dict[str, object]:
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelRefused(path, "has no config.json", "download the whole model") from None
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise ModelRefused(path, "its config.json is not JSON", "download it again")
    return config


def _signs(path: Path, config: dict[str, object]) -> tuple[int, ...]:
    labels = config.get("id2label")
    names = list(labels.values()) if isinstance(labels, dict) else []
    if isinstance(labels, dict) and set(labels) == {str(each) for each in range(len(labels))}:
        ordered = [str(labels[str(each)]).casefold() for each in range(len(labels))]
        if sorted(ordered) == sorted(_UNNAMED_SIGNS):
            return tuple(_UNNAMED_SIGNS[name] for name in ordered)
        if sorted(ordered) in (["negative", "positive"], sorted(_SIGNS)):
            return tuple(_SIGNS[name] for name in ordered)
    raise ModelRefused(
        path,
        f"the labels of its config.json are {', '.join(map(str, names)) or 'not there'}",
        "id2label must name negative, neutral and positive, or negative and positive",
    )
