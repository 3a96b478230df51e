"""The data dictionary, written from the contracts by ``make docs``."""

import sys

import pandera.ibis as pa

from healthscore_assets.contracts import CONTRACTS
from healthscore_assets.contracts.feed_quarantine import FEED_REASONS
from healthscore_assets.contracts.quarantine import REASONS
from healthscore_assets.contracts.rules import rules_of

_HEAD = """# Data dictionary

Every table of the lake, its columns and what each promises. Written by `make docs` from the
contracts in `healthscore_assets/contracts/`; do not edit.

Tables are Parquet under `<lake>/<table>/month=YYYY-MM/`. A month is held against these promises
before it is written: one that breaks them leaves the tables as they were.
"""


def data_dictionary() -> str:
    """The whole document, in Markdown."""
    parts = [_HEAD, *(_table(contract) for contract in CONTRACTS.values()), _reasons()]
    return "\n".join(parts)


def _table(contract: pa.DataFrameSchema) -> str:
    promises: dict[str, list[str]] = {}
    for rule in rules_of(contract):
        promises.setdefault(rule.column, []).append(rule.says)
    lines = [
        f"## {contract.name}",
        "",
        contract.description,
        "",
        f"- One row is: {contract.metadata['grain']}",
        f"- Key: {', '.join(f'`{column}`' for column in contract.unique)}",
        "",
        "| column | type | promises | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, column in contract.columns.items():
        says = "; ".join([*(["may be null"] if column.nullable else []), *promises.get(name, [])])
        lines.append(f"| `{name}` | {column.dtype} | {_cell(says)} | {_cell(column.description)} |")
    return "\n".join([*lines, ""])


def _reasons() -> str:
    lines = []
    for table, reasons in (("quarantine", REASONS), ("<feed>_quarantine", FEED_REASONS)):
        lines += [f"## Reasons in `{table}`", "", "| reason | meaning |", "| --- | --- |"]
        lines += [f"| `{reason}` | {meaning} |" for reason, meaning in reasons.items()]
        lines += [""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(data_dictionary())
