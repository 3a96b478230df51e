"""docs/data-dictionary.md is what the contracts say today."""

from pathlib import Path

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.dictionary import data_dictionary

DOCUMENT = Path(__file__).parents[2] / "docs" / "data-dictionary.md"


def test_the_data_dictionary_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == data_dictionary(), "run: make docs"


def test_every_table_and_column_is_explained() -> None:
    text = data_dictionary()
    for name, contract in CONTRACTS.items():
        assert f"## {name}\n" in text
        for column, declared in contract.columns.items():
            assert f"| `{column}` | {declared.dtype} |" in text
            assert declared.description, (name, column)
