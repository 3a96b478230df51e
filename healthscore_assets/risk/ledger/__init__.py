"""The alert ledger: what people did with alerts, and which of them people were told of.

What the data say is computed anew for every month; what is kept here is not, so it is in a
database: a SQLite file, or Postgres. `ledger.open_ledger` is the way in.
"""
