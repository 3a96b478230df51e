"""A transformer from disk, tiny and made here: its weights are such that a score can be worked out.

It needs the `transformer` extra, which `make test-transformer` installs.
"""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tokenizers
import torch
import transformers

from healthscore_assets.signals.sentiment.model import open_model
from healthscore_assets.signals.sentiment.refused import ModelRefused
from healthscore_assets.signals.sentiment.scored_texts import TEXT_RULES
from healthscore_assets.signals.sentiment.scores import sentiment_of

THREE = {0: "negative", 1: "neutral", 2: "positive"}
WORDS = ["the", "page", "is", "good", "bad", "and", "was", "here"]
POSITIONS = 12
READ = POSITIONS - 2 - 2
"""Words that are read: RoBERTa loses two positions to padding, two tokens open and close."""

# Orthogonal, of mean 0 and variance 1, so that normalising a layer leaves each as it is.
GOOD, BAD, PLAIN = [1.0, 1, -1, -1], [1.0, -1, 1, -1], [1.0, -1, -1, 1]
STEEP = 8.0


def worked_out(words: list[str]) -> tuple[float, float]:
    """The probabilities of negative and positive that the tiny model must give.

    Attention is even, so the first token becomes itself (plain) and the mean of all n tokens:
    b/n of BAD, g/n of GOOD, 1 + (n-b-g)/n of PLAIN, divided by their root of squares. The logits
    are 8 tanh of BAD's and of GOOD's part, and 0 for neutral.
    """
    words = words[:READ]
    n, b, g = len(words) + 2, words.count("bad"), words.count("good")
    norm = math.sqrt((b / n) ** 2 + (g / n) ** 2 + (1 + (n - b - g) / n) ** 2)
    negative = math.exp(STEEP * math.tanh(b / n / norm))
    positive = math.exp(STEEP * math.tanh(g / n / norm))
    return negative / (negative + 1 + positive), positive / (negative + 1 + positive)


def expected(text: str) -> Any:
    negative, positive = worked_out(text.split())
    return pytest.approx(positive - negative, abs=0.0001)


def tiny(path: Path, labels: dict[int, str] = THREE) -> Path:
    """The files that cardiffnlp's models have: vocab.json and merges.txt, no tokenizer.json."""
    words = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    corpus = [f"{one} {one}" for one in WORDS] * 2
    words.train_from_iterator(corpus, min_frequency=1, special_tokens=special, show_progress=False)
    words.save_model(str(path))
    config = transformers.RobertaConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=4,
        max_position_embeddings=POSITIONS,
        type_vocab_size=1,
        layer_norm_eps=1e-12,
        id2label=labels,
        label2id={name: each for each, name in labels.items()},
    )
    model = transformers.RobertaForSequenceClassification(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        embedded = model.roberta.embeddings.word_embeddings.weight
        embedded.copy_(torch.tensor([PLAIN] * len(embedded)))
        for word, vector in (("good", GOOD), ("bad", BAD)):
            for written in (word, f" {word}"):
                (token,) = words.encode(written).ids
                embedded[token] = torch.tensor(vector)
        attention = model.roberta.encoder.layer[0].attention
        attention.self.value.weight.copy_(torch.eye(4))
        attention.output.dense.weight.copy_(torch.eye(4))
        model.classifier.dense.weight[:2] = torch.tensor([BAD, GOOD]) / 4
        for each, name in labels.items():
            if name.lower() in ("negative", "label_0"):
                model.classifier.out_proj.weight[each, 0] = STEEP
            if name.lower() in ("positive", "label_2"):
                model.classifier.out_proj.weight[each, 1] = STEEP
    model.save_pretrained(path)
    return path


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    tried: list[object] = []

    def refuse(*given: object, **_: object) -> None:
        tried.append(given)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert tried == []


@pytest.mark.parametrize(
    "text", ["the page is good", "the page is bad", "the page is here", "good and good and bad"]
)
def test_the_score_is_positive_less_negative(tmp_path: Path, text: str) -> None:
    assert open_model(str(tiny(tmp_path))).score([text]) == [expected(text)]


def test_a_score_worked_by_hand(tmp_path: Path) -> None:
    # "good bad good" is 5 tokens with <s> and </s>: 2/5 GOOD, 1/5 BAD, 1 + 2/5 PLAIN, whose root of
    # squares is 1.4697; tanh of 0.2722 and 0.1361 are 0.2656 and 0.1353; e^(8 x) 8.374 and 2.951;
    # of 12.325 with neutral's 1 these are 0.6794 and 0.2394.
    assert open_model(str(tiny(tmp_path))).score(["good bad good"]) == [
        pytest.approx(0.44, abs=2e-3)
    ]


@pytest.mark.parametrize(
    "labels",
    [
        {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"},
        {0: "POSITIVE", 1: "Negative", 2: "neutral"},
    ],
)
def test_labels_in_any_case_and_order(tmp_path: Path, labels: dict[int, str]) -> None:
    text = "the good page is bad and good"
    assert open_model(str(tiny(tmp_path, labels))).score([text]) == [expected(text)]


def test_a_model_without_neutral(tmp_path: Path) -> None:
    text = "the good page"
    negative, positive = worked_out(text.split())
    score = (positive - negative) / (positive + negative)
    model = open_model(str(tiny(tmp_path, {0: "NEGATIVE", 1: "POSITIVE"})))
    assert model.score([text]) == [pytest.approx(score, abs=0.0001)]


def test_a_text_is_cut_at_the_models_limit(tmp_path: Path) -> None:
    model = open_model(str(tiny(tmp_path)))
    good, bad = " ".join(["good"] * READ), " ".join(["bad"] * 500)
    assert model.score([f"{good} {bad}", good]) == [expected(good)] * 2
    # the last word that is read
    assert model.score([f"{good[:-5]} bad"]) == [expected(f"{good[:-5]} bad")]
    assert model.score([f"{good[:-5]} bad"]) != model.score([good])


def test_a_tokenizer_that_tells_less(tmp_path: Path) -> None:
    tiny(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 5}))
    model = open_model(str(tmp_path))
    assert model.score(["good bad good bad bad"]) == [expected("good bad good")]


def test_a_model_whose_positions_begin_at_none(tmp_path: Path) -> None:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (tmp_path / "vocab.txt").write_text("\n".join([*special, *WORDS]))
    transformers.set_seed(1)
    config = transformers.BertConfig(
        vocab_size=len(special) + len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=POSITIONS,
        initializer_range=0.5,
        id2label=THREE,
    )
    transformers.BertForSequenceClassification(config).save_pretrained(tmp_path)
    model = open_model(str(tmp_path))
    read = POSITIONS - 2
    words = ["good", "bad", "page"] * 10
    cut, shorter = " ".join(words[:read]), " ".join(words[: read - 1])
    assert model.score([" ".join(words)]) == model.score([cut])
    assert model.score([cut]) != model.score([shorter])


def test_more_than_a_batch_in_any_order(tmp_path: Path) -> None:
    texts = [" ".join(WORDS[i % 7 :][: 1 + i % 5] + ["good"] * (i % 3)) for i in range(100)]
    model = open_model(str(tiny(tmp_path)))
    seen: list[tuple[int, ...]] = []
    model._model.register_forward_pre_hook(  # type: ignore[attr-defined]
        lambda _, __, given: seen.append(tuple(given["input_ids"].shape)), with_kwargs=True
    )
    assert model.score(texts) == [expected(text) for text in texts]
    assert [size for size, _ in seen] == [32, 32, 32, 4]
    # by length: the first batch is the narrowest
    assert seen[0][1] < seen[-1][1]
    assert model.score([]) == []


def test_a_column_of_texts(tmp_path: Path) -> None:
    texts = pa.array(
        ["the page is good", None, "bad", "the page is bad", "Die Seite ist nicht gut"]
    )
    found = sentiment_of(texts, open_model(str(tiny(tmp_path)))).to_pylist()
    assert found == [
        expected("the page is good"),
        None,
        None,
        expected("the page is bad"),
        None,
    ]


def test_the_name_changes_with_the_files_only(tmp_path: Path) -> None:
    for each in ("one", "same", "other"):
        (tmp_path / each).mkdir()
        tiny(tmp_path / each)
    (tmp_path / "same" / "README.md").write_text("A model.")
    before = open_model(str(tmp_path / "one")).name
    assert before.startswith("transformer-")
    assert before.endswith(f"-{TEXT_RULES}")
    assert open_model(str(tmp_path / "same")).name == before

    weights = tmp_path / "other" / "model.safetensors"
    whole = bytearray(weights.read_bytes())
    whole[-1] ^= 1
    weights.write_bytes(whole)
    names = {before, open_model(str(tmp_path / "other")).name}
    merges = tmp_path / "same" / "merges.txt"
    merges.write_text(merges.read_text().rsplit("\n", 2)[0] + "\n")
    names.add(open_model(str(tmp_path / "same")).name)
    assert len(names) == 3


def refusal(path: Path) -> str:
    with pytest.raises(ModelRefused) as refused:
        open_model(str(path))
    message = str(refused.value)
    assert message.startswith(f"sentiment model {path}: ")
    assert "\n" not in message
    return message


def test_files_that_are_cut(tmp_path: Path) -> None:
    weights, words = tiny(tmp_path) / "model.safetensors", tmp_path / "vocab.json"
    whole = words.read_bytes()
    words.write_bytes(whole[:200])
    assert "cannot be loaded (Exception: Error while initializing BPE" in refusal(tmp_path)
    words.write_bytes(whole)
    weights.write_bytes(weights.read_bytes()[:200])
    assert "cannot be loaded (SafetensorError: " in refusal(tmp_path)


def test_a_tokenizer_of_another_model(tmp_path: Path) -> None:
    # transformers makes an empty one of files that it does not know, to which every word is unknown
    tiny(tmp_path)
    (tmp_path / "vocab.json").unlink()
    (tmp_path / "merges.txt").unlink()
    (tmp_path / "vocab.txt").write_text("good\nbad\n")
    assert "its tokenizer has 5 tokens and its weights have " in refusal(tmp_path)


def test_a_tokenizer_that_cannot_fill_a_batch(tmp_path: Path) -> None:
    told = {"tokenizer_class": "PreTrainedTokenizerFast"}
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"<unk>": 0} | {f"{WORDS[3]}{i}": i + 1 for i in range(250)})
    )
    words.save(str(tiny(tmp_path) / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(told))
    assert "no padding token" in refusal(tmp_path)


def test_weights_of_another_number_of_labels(tmp_path: Path) -> None:
    config = tiny(tmp_path) / "config.json"
    told = json.loads(config.read_text())
    told["id2label"] = {"0": "negative", "1": "positive"}
    config.write_text(json.dumps(told))
    assert "cannot be loaded" in refusal(tmp_path)


def test_a_model_that_was_never_trained_to_classify(tmp_path: Path) -> None:
    tiny(tmp_path)
    classifier = transformers.RobertaForSequenceClassification.from_pretrained(tmp_path)
    classifier.roberta.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"id2label": THREE, "architectures": ["RobertaForSequenceClassification"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "its weights lack classifier." in refusal(tmp_path)


def test_code_in_the_folder_is_not_run(tmp_path: Path) -> None:
    config = tiny(tmp_path) / "config.json"
    told = json.loads(config.read_text())
    told["model_type"] = "bespoke"
    told["auto_map"] = {
        "AutoConfig": "bespoke.Config",
        "AutoModelForSequenceClassification": "bespoke.Model",
    }
    config.write_text(json.dumps(told))
    (tmp_path / "bespoke.py").write_text("raise SystemExit('it was run')")
    assert "cannot be loaded" in refusal(tmp_path)
