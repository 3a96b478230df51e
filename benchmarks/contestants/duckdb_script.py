"""The index scores of every month by DuckDB alone, written by hand: no checks, nothing kept.

    python duckdb_script.py EXPORTS/pendo LOOKUPS SCORES.parquet

Counts on what the files are known to be: whole numbers, a row per visitor in CSV, one month each.
"""

import csv
import sys
from pathlib import Path

import duckdb

AUDIENCES = {
    "all": "true",
    "external": "audience = 'external'",
    "internal": "audience = 'internal'",
}
MONTH = "regexp_extract(filename, '(\\d{4}-\\d{2})[^/]*$', 1)"


def main(exports: Path, lookups: Path, into: Path) -> None:
    """Read, add up, compare, write."""
    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false")
    with (lookups / "product_areas.csv").open() as file:
        area_of = {row["feature"]: row["area"] for row in csv.DictReader(file)}
    areas = sorted(set(area_of.values()))
    if list(exports.glob("*.csv")):
        con.execute(f"CREATE TABLE usage AS {from_wide(exports, lookups, area_of, areas)}")
    else:
        con.execute(f"CREATE TABLE product_areas AS FROM '{lookups / 'product_areas.csv'}'")
        for n, month in enumerate(sorted(exports.glob("*.parquet"))):
            into_usage = "INSERT INTO usage" if n else "CREATE TABLE usage AS"
            con.execute(f"{into_usage} {from_events(con, month, areas)}")
    con.execute(f"COPY ({index(areas)}) TO '{into}' (FORMAT PARQUET)")


def from_wide(exports: Path, lookups: Path, area_of: dict[str, str], areas: list[str]) -> str:
    """Clients by month and audience: clicks of each area, and visitors with any click."""
    with next(exports.glob("*.csv")).open() as file:
        header = next(csv.reader(file))
    clicks = {name.removeprefix("Clicks for "): name for name in header if "Clicks for" in name}
    types = ", ".join(
        f"'{name}': '{'INTEGER' if name in clicks.values() else 'VARCHAR'}'" for name in header
    )
    sums = ", ".join(
        f"sum({' + '.join(quoted(c) for f, c in clicks.items() if area_of.get(f) == area)})"
        f"::DOUBLE AS a{n}"
        for n, area in enumerate(areas)
    )
    used = f"{' + '.join(map(quoted, clicks.values()))} > 0"
    domains = (lookups / "internal_domains.csv").read_text().split()[1:]
    internal = " OR ".join(f"ends_with(\"Email\", '@{domain}')" for domain in domains)
    return f"""
        SELECT {MONTH} AS month, "Account ID" AS client_id,
               CASE WHEN {internal} THEN 'internal' ELSE 'external' END AS audience,
               {sums}, count(*) FILTER ({used}) AS users
        FROM read_csv('{exports}/*.csv', auto_detect = false, header = true, delim = ',',
                      columns = {{{types}}}, filename = true)
        GROUP BY ALL
    """


def from_events(con: duckdb.DuckDBPyConnection, file: Path, areas: list[str]) -> str:
    """The same of a month; nothing in these files tells that a visitor is internal.

    Two small groupings of the file take less than one of all its visitors and features.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TABLE clicks AS
        SELECT "accountId" AS client_id, "featureId" AS feature, sum("numEvents") AS clicks
        FROM '{file}' GROUP BY ALL
        """
    )
    sums = ", ".join(
        f"coalesce(sum(clicks) FILTER (area = '{area}'), 0)::DOUBLE AS a{n}"
        for n, area in enumerate(areas)
    )
    return f"""
        SELECT '{file.stem[-7:]}' AS month, client_id, 'external' AS audience, {sums},
               coalesce(any_value(visitors), 0) AS users
        FROM clicks LEFT JOIN product_areas USING (feature) LEFT JOIN (
            SELECT "accountId" AS client_id, count(DISTINCT "visitorId") AS visitors
            FROM '{file}' WHERE "numEvents" > 0 GROUP BY ALL
        ) USING (client_id)
        GROUP BY client_id
    """


def index(areas: list[str]) -> str:
    """Six scores per month and client of the base, out of `usage`."""
    named = [f"a{n}" for n in range(len(areas))]

    def each(template: str) -> str:
        return ", ".join(template.format(a) for a in named)

    audiences = " UNION ALL ".join(
        f"SELECT month, client_id, '{name}' AS audience, {each('sum({0}) AS {0}')},"
        f" sum(users) AS users FROM usage WHERE {those} GROUP BY ALL"
        for name, those in AUDIENCES.items()
    )
    scores = ", ".join(
        f"max(score) FILTER (basis = '{basis}' AND audience = '{audience}') AS {basis}_{audience}"
        for basis in ("total", "per_user")
        for audience in AUDIENCES
    )
    return f"""
        WITH listed AS (SELECT DISTINCT month, client_id FROM usage),
        base AS (
            SELECT DISTINCT later.month, client_id
            FROM listed, range(4) AS t(ago),
                 LATERAL (SELECT strftime(strptime(listed.month, '%Y-%m')
                                          + to_months(ago::INT), '%Y-%m') AS month) AS later
            WHERE later.month IN (SELECT month FROM listed)
        ),
        sums AS ({audiences}),
        ranked AS (
            SELECT month, client_id, audience, {each("coalesce({0}, 0) AS {0}")},
                   coalesce(users, 0) AS users
            FROM base CROSS JOIN (VALUES ('all'), ('external'), ('internal')) AS t(audience)
            LEFT JOIN sums USING (month, client_id, audience)
        ),
        v AS (
            SELECT month, client_id, audience, 'total' AS basis, {each("ln(1 + {0}) AS {0}")}
            FROM ranked
            UNION ALL
            SELECT month, client_id, audience, 'per_user', {each("ln(1 + {0} / users)")}
            FROM ranked WHERE users > 0
        ),
        inverse AS (
            SELECT month, audience, basis, count(*) AS size,
                   {
        each(
            "CASE WHEN stddev_samp({0}) / nullif(avg({0}), 0) >= 1e-9"
            " THEN avg({0}) / stddev_samp({0}) ELSE 0 END AS w{0}"
        )
    }
            FROM v GROUP BY ALL
        ),
        raw AS (
            SELECT v.*, size, {" + ".join(f"w{a}" for a in named)} AS weights,
                   round(({" + ".join(f"v.{a} * w{a}" for a in named)}) / nullif(weights, 0), 9)
                   AS raw
            FROM v JOIN inverse USING (month, audience, basis)
        ),
        scored AS (
            SELECT month, client_id, audience, basis,
                   CASE WHEN weights > 0 AND size > 1
                   THEN 100.0 * (rank() OVER (PARTITION BY month, audience, basis ORDER BY raw) - 1)
                        / (size - 1) END AS score
            FROM raw
        )
        SELECT month, client_id, {scores} FROM scored GROUP BY month, client_id
    """


def quoted(column: str) -> str:
    """As an identifier."""
    return f'"{column}"'


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
