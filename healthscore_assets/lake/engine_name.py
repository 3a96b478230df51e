"""The engines that can compute the graph."""

from enum import StrEnum


class EngineName(StrEnum):
    """As ``HEALTHSCORE_ENGINE`` and ``--engine`` name them."""

    DUCKDB = "duckdb"
    SPARK = "spark"
