"""When two names are the same."""

import ibis


def name_key_column(name: ibis.Value) -> ibis.Value:
    """Equal for names that differ by case, surrounding or repeated spaces."""
    return name.strip().re_replace(r"\s+", " ").lower()
