"""A project with every feed of many clients over many months, made by seed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

LOOKUPS = Path(__file__).parents[2] / "lookups"
"""The ready-made rules and playbooks."""

FIRST = 2023 * 12
"""January 2023, counted in months."""

TEXT = (
    "the report is slow again today and nobody could help us with our dashboard export when "
    "we tried support was great thank you very happy broken terrible angry love excellent "
    "please call me about this error that happens every morning since the last release"
)
WORDS = TEXT.split()

FEEDS = {
    "accounts": """
        SELECT 'acct-' || i AS client, 'Client ' || i AS name, 3 + i % 2 AS seats,
               1000.0 + i AS arr, ['Enterprise', 'Midmarket', 'SMB'][i % 3 + 1] AS segment,
               DATE '2022-01-01' + (i % 300)::INT AS contract_start,
               NULL::DATE AS contract_end, DATE '{last}' + (i % 360)::INT AS renewal_date,
               'Owner ' || i % 200 AS owner
        FROM range({clients}) AS t(i)""",
    "support_tickets": """
        SELECT '{month}-' || i AS id, 'acct-' || (random() * {clients})::INT % {clients} AS client,
               DATE '{first}' + (i % 28)::INT AS created,
               CASE WHEN i % 3 > 0 THEN least(DATE '{first}' + (i % 28 + 3)::INT, DATE '{last}') END
               AS closed,
               ['low', 'normal', 'high', 'urgent'][i % 4 + 1] AS priority,
               CASE WHEN i % 5 = 0 THEN 1 + i % 5 END AS csat,
               array_to_string(list_transform(range(12),
                   w -> {words}[(random() * {n})::INT % {n} + 1]), ' ') AS body
        FROM range({clients} // 2) AS t(i)""",
    "surveys": """
        SELECT 'acct-' || (random() * {clients})::INT % {clients} AS client,
               'person-' || i || '@example.com' AS respondent,
               DATE '{first}' + (i % 28)::INT AS date, 'nps' AS kind,
               CASE WHEN i % 9 = 0 THEN 3 ELSE 7 + i % 4 END AS score,
               array_to_string(list_transform(range(8),
                   w -> {words}[(random() * {n})::INT % {n} + 1]), ' ') AS comment
        FROM range({clients} // 5) AS t(i)""",
    "invoices": """
        SELECT '{month}-' || i AS invoice_id, 'acct-' || i AS client,
               DATE '{first}' + (i % 20)::INT AS issued, DATE '{first}' + (i % 20 + 30)::INT AS due,
               CASE WHEN i % 20 > 0 THEN DATE '{first}' + (i % 20 + 7)::INT END AS paid,
               100.0 + i AS amount
        FROM range({clients}) AS t(i)""",
    "touchpoints": """
        SELECT 'acct-' || (i % {clients}) AS client, DATE '{first}' + (i % 28)::INT AS date,
               ['call', 'mail', 'visit'][i % 3 + 1] AS kind, i % 5 > 0 AS meaningful,
               i % 3 = 0 AS executive_present, i % 4 = 0 AS training, i % 2 = 0 AS community
        FROM range({clients} * 2) AS t(i)""",
    "stakeholders": """
        SELECT 'acct-' || (random() * {clients})::INT % {clients} AS client,
               'person-' || i AS person, ['champion', 'executive', 'user'][i % 3 + 1] AS role,
               ['active', 'left'][(i % 10 = 0)::INT + 1] AS status,
               DATE '{first}' + (i % 28)::INT AS date
        FROM range({clients} // 5) AS t(i)""",
    "renewals": """
        SELECT 'acct-' || ({n_month} + i * 12) % {clients} AS client,
               DATE '{first}' + (i % 28)::INT AS date,
               ['renewed', 'expanded', 'contracted'][i % 3 + 1] AS outcome,
               1000.0 AS arr_before, 1100.0 AS arr_after
        FROM range({clients} // 12) AS t(i)""",
}
"""What each feed tells of a month, as SQL: most clients are well, as they are anywhere."""

USAGE = """
    SELECT 'v-' || i AS "Visitor ID", 'acct-' || i % {clients} AS "Account ID",
           1 + i % 20 AS "Days Active",
           (random() * 50)::INT AS "Clicks for Reports", (random() * 9)::INT AS "Clicks for Team"
    FROM range({clients} * 3) AS t(i)"""


def months_of(count: int) -> Iterator[tuple[int, str]]:
    """The months, numbered."""
    for n in range(count):
        year, month = divmod(FIRST + n, 12)
        yield n, f"{year}-{month + 1:02}"


def write_project(root: Path, clients: int, months: int) -> int:
    """Exports and lookups; returns the rows of feeds that were written."""
    con = duckdb.connect()
    con.execute("SELECT setseed(0.5)")
    rows = 0
    for n, month in months_of(months):
        (last,) = con.execute(f"SELECT last_day(DATE '{month}-01')::VARCHAR").fetchone() or ("",)
        told = {
            "clients": clients,
            "month": month,
            "n_month": n,
            "first": f"{month}-01",
            "last": last,
            "words": WORDS,
            "n": len(WORDS),
        }
        for feed, sql in {**FEEDS, "pendo": USAGE}.items():
            folder = root / "exports" / feed
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{feed}_{last if feed == 'accounts' else month}.csv"
            query = f"COPY ({sql.format(**told)}) TO '{folder / name}' (HEADER)"
            written = (con.execute(query).fetchone() or (0,))[0]
            rows += written if feed != "pendo" else 0
    lookups = root / "lookups"
    lookups.mkdir()
    (lookups / "product_areas.csv").write_text(
        "feature,area,tier\nReports,Reports,core\nTeam,Team,advanced\n"
    )
    (lookups / "internal_domains.csv").write_text("domain\n")
    (lookups / "scoring.yaml").write_text("")
    shutil.copytree(LOOKUPS / "playbooks", lookups / "playbooks")
    shutil.copyfile(LOOKUPS / "alerts.yaml", lookups / "alerts.yaml")
    return rows
