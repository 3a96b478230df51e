"""The index scores of every month by Polars, streaming, written by hand: no checks, nothing kept.

    python polars_script.py EXPORTS/pendo LOOKUPS SCORES.parquet

Counts on what the files are known to be: whole numbers, a row per visitor in CSV, one month each.
"""

import csv
import sys
from pathlib import Path

import polars as pl

AUDIENCES = ("all", "external", "internal")
BASES = ("total", "per_user")
MONTH = pl.col("file").str.extract(r"(\d{4}-\d{2})[^/]*$").alias("month")
INDEX = ["month", "audience", "basis"]


def main(exports: Path, lookups: Path, into: Path) -> None:
    """Read, add up, compare, write."""
    with (lookups / "product_areas.csv").open() as file:
        area_of = {row["feature"]: row["area"] for row in csv.DictReader(file)}
    areas = sorted(set(area_of.values()))
    files = sorted(exports.glob("*.csv"))
    usage = (
        from_wide(files, lookups, area_of, areas)
        if files
        else from_events(sorted(exports.glob("*.parquet")), area_of, areas)
    )
    index(usage, areas).write_parquet(into)


def from_wide(
    files: list[Path], lookups: Path, area_of: dict[str, str], areas: list[str]
) -> pl.DataFrame:
    """Clients by month and audience: clicks of each area, and visitors with any click."""
    with files[0].open() as file:
        header = next(csv.reader(file))
    clicks = {name.removeprefix("Clicks for "): name for name in header if "Clicks for" in name}
    schema = {name: pl.Int32 if name in clicks.values() else pl.String for name in header}
    domains = (lookups / "internal_domains.csv").read_text().split()[1:]
    internal = pl.any_horizontal(pl.col("Email").str.ends_with(f"@{each}") for each in domains)
    sums = [
        pl.sum_horizontal(column for f, column in clicks.items() if area_of.get(f) == area)
        .sum()
        .cast(pl.Float64)
        .alias(area)
        for area in areas
    ]
    used = pl.sum_horizontal(clicks.values()) > 0
    return (
        pl.scan_csv(files, schema=schema, include_file_paths="file")
        .group_by(
            MONTH,
            pl.col("Account ID").alias("client_id"),
            pl.when(internal)
            .then(pl.lit("internal"))
            .otherwise(pl.lit("external"))
            .alias("audience"),
        )
        .agg(*sums, used.sum().alias("users"))
        .collect(engine="streaming")
    )


def from_events(files: list[Path], area_of: dict[str, str], areas: list[str]) -> pl.DataFrame:
    """The same; nothing in these files tells that a visitor is internal.

    A file at a time: a group for each file in all of them takes three times as long.
    """
    mapping = pl.DataFrame({"featureId": list(area_of), "area": list(area_of.values())}).lazy()
    sums = [
        pl.col("clicks").filter(pl.col("area") == area).sum().cast(pl.Float64).alias(area)
        for area in areas
    ]
    users = pl.col("visitorId").filter(pl.col("clicks") > 0).n_unique().alias("users")
    months = [
        pl.scan_parquet(file)
        .group_by("accountId", "visitorId", "featureId")
        .agg(clicks=pl.col("numEvents").sum())
        .join(mapping, on="featureId", how="left")
        .group_by(client_id="accountId", audience=pl.lit("external"))
        .agg(*sums, users)
        .with_columns(month=pl.lit(file.stem[-7:]))
        .collect(engine="streaming")
        for file in files
    ]
    return pl.concat(months)


def index(usage: pl.DataFrame, areas: list[str]) -> pl.DataFrame:
    """Six scores per month and client of the base."""
    listed = usage.select("month", "client_id").unique()
    first = pl.col("month").str.to_date("%Y-%m")
    base = pl.concat(
        listed.with_columns(first.dt.offset_by(f"{ago}mo").dt.strftime("%Y-%m").alias("month"))
        for ago in range(4)
    ).unique()
    base = base.join(listed.select("month").unique(), on="month", how="semi")
    everybody = usage.group_by("month", "client_id").agg(pl.col(*areas, "users").sum())
    sums = pl.concat([usage, everybody.with_columns(audience=pl.lit("all"))], how="diagonal")
    ranked = base.join(pl.DataFrame({"audience": AUDIENCES}), how="cross").join(
        sums, on=["month", "client_id", "audience"], how="left"
    )
    ranked = ranked.with_columns(pl.col(*areas, "users").fill_null(0))
    total = ranked.with_columns(pl.col(areas).log1p(), basis=pl.lit("total"))
    per_user = ranked.filter(pl.col("users") > 0).with_columns(
        (pl.col(areas) / pl.col("users")).log1p(), basis=pl.lit("per_user")
    )
    v = pl.concat([total, per_user])
    each = pl.col(areas)
    inverse = v.group_by(INDEX).agg(
        pl.when((each.mean() > 0) & (each.std() / each.mean() >= 1e-9))
        .then(each.mean() / each.std())
        .otherwise(0.0)
        .name.suffix(" weight"),
        size=pl.len(),
    )
    weights = pl.sum_horizontal(f"{area} weight" for area in areas)
    raw = pl.sum_horizontal(pl.col(area) * pl.col(f"{area} weight") for area in areas)
    behind = pl.col("raw").rank("min").over(INDEX) - 1
    scores = (
        v.join(inverse, on=INDEX)
        .with_columns(weights=weights)
        .with_columns(raw=(raw / pl.col("weights")).round(9))
        .select(
            "month",
            "client_id",
            name=pl.concat_str("basis", "audience", separator="_"),
            score=pl.when((pl.col("weights") > 0) & (pl.col("size") > 1)).then(
                100.0 * behind / (pl.col("size") - 1)
            ),
        )
    )
    wanted = [f"{basis}_{audience}" for basis in BASES for audience in AUDIENCES]
    return scores.group_by("month", "client_id").agg(
        pl.col("score").filter(pl.col("name") == name).max().alias(name) for name in wanted
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
