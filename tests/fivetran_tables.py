"""Fivetran's tables of Pendo by hand, in the published layouts, as CSV and as typed Parquet.

put(folder, feature_event=FEATURE_EVENT, ...)      # <name>.csv, or <name>.parquet with parquet=True
"""

import io
from pathlib import Path

import pandas as pd

FEATURE_EVENT = """\
_fivetran_id,_fivetran_synced,account_id,app_id,feature_id,num_events,num_minutes,remote_ip,\
server_name,timestamp,user_agent,visitor_id
e1,2024-05-02 03:00:00.100 UTC,acme,-323232,f1,3,2,10.0.0.1,app,2024-05-01 09:00:00 UTC,UA,ann
e2,2024-05-02 03:00:00.100 UTC,acme,-323232,f1,2,1,10.0.0.2,app,2024-05-01 09:00:00 UTC,UA,ann
e3,2024-05-02 03:00:00.100 UTC,acme,-323232,f2,4,1,10.0.0.1,app,2024-05-01 23:00:00 UTC,UA,ann
e4,2024-05-02 03:00:00.100 UTC,acme-eu,-323232,f1,5,1,10.0.0.1,app,2024-05-01 10:00:00 UTC,UA,bob
e5,2024-05-02 03:00:00.100 UTC,,-323232,f1,9,1,10.0.0.1,app,2024-05-01 10:00:00 UTC,UA,_PENDO_T_x
e6,2024-05-02 03:00:00.100 UTC,bolt,-323232,f3,7,1,10.0.0.1,app,2024-05-01 10:00:00 UTC,UA,cat
e7,2024-05-02 03:00:00.100 UTC,bolt,-323232,f1,8,1,10.0.0.1,app,2024-05-01 10:00:00 UTC,UA,qa-robot
e8,2024-05-03 03:00:00.100 UTC,bolt,-323232,f4,1,1,10.0.0.1,app,2024-05-02 00:00:00 UTC,UA,cat
"""

FEATURE_HISTORY = """\
id,last_updated_at,_fivetran_synced,app_id,color,created_at,created_by_user_id,dirty,group_id,\
is_core_event,last_updated_by_user_id,name,page_id,root_version_id,stable_version_id,valid_through
f1,2021-02-19 19:28:30.508 UTC,2021-02-20 08:08:26.861 UTC,-323232,,2020-05-12 17:45:02.164 UTC,56,\
false,g2,,51,Planning > Board,p1,f1,f1-2,2021-02-20 07:00:00 UTC
f1,2020-05-12 17:45:02.164 UTC,2021-03-16 03:51:22.395 UTC,-323232,,2020-05-12 17:45:02.164 UTC,56,\
false,g1,,56,Old board,p1,f1,f1-1,2020-06-16 03:00:00 UTC
f2,2020-09-18 20:36:58.573 UTC,2021-04-17 13:26:18.595 UTC,-323232,,2020-09-18 20:36:58.573 UTC,50,\
false,,false,50,Export,p2,f2,f2-1,2021-04-17 13:00:00 UTC
f3,2020-09-18 20:35:02.833 UTC,2021-04-17 13:26:18.595 UTC,-323232,,2020-09-18 20:35:02.833 UTC,50,\
false,g1,false,50,,,f3,f3-1,2021-04-17 13:00:00 UTC
f5,2020-09-18 20:35:02.833 UTC,2021-04-17 13:26:18.595 UTC,-323232,,2020-09-18 20:35:02.833 UTC,50,\
false,g9,true,50,Never used,,f5,f5-1,2021-04-17 13:00:00 UTC
"""

GROUP = """\
id,_fivetran_synced,app_id,color,created_at,created_by_user_id,description,last_updated_at,\
last_updated_by_user_id,length,name
g1,2021-07-29 09:23:53.588,,.groupColor01,2020-03-31 13:45:10.676,-42,,2021-07-28 21:00:00.157,\
51,113,Onboarding
g2,2021-08-10 08:08:56.029,,.groupColor07,2020-03-31 13:45:10.676,-42,,2021-08-09 21:36:36.985,\
51,7,planning
"""

ACCOUNT_HISTORY = """\
id,last_updated_at,_fivetran_synced,agent_is_paying,agent_name,agent_planlevel,first_visit,\
id_hash,last_visit,salesforce_name,salesforce_region_c
acme,2024-04-01 00:00:00 UTC,2024-04-02 00:00:00 UTC,true,Acme Limited,gold,\
2020-01-01 00:00:00 UTC,1,2024-04-01 00:00:00 UTC,Acme (SF),EU
acme,2024-03-01 00:00:00 UTC,2024-05-02 00:00:00 UTC,true,Acme Old,gold,\
2020-01-01 00:00:00 UTC,1,2024-03-01 00:00:00 UTC,Acme (SF),EU
acme-eu,2024-05-01 00:00:00 UTC,2024-05-02 00:00:00 UTC,true,Acme Europe,gold,\
2020-01-01 00:00:00 UTC,3,2024-05-01 00:00:00 UTC,,EU
bolt,2024-05-01 00:00:00 UTC,2024-05-02 00:00:00 UTC,false,,,2021-01-01 00:00:00 UTC,2,\
2024-05-01 00:00:00 UTC,Bolt GmbH,EU
"""

VISITOR_HISTORY = """\
id,last_updated_at,_fivetran_synced,account_id,agent_email,agent_role,first_visit,id_hash,\
last_browser_name,last_browser_version,last_operating_system,last_server_name,last_user_agent,\
last_visit,n_id
ann,2024-05-01 00:00:00 UTC,2024-05-02 00:00:00 UTC,acme,ann@vendor.example,admin,\
2020-01-01 00:00:00 UTC,11,Chrome,99,Mac,app,UA,2024-05-01 00:00:00 UTC,
ann,2024-01-01 00:00:00 UTC,2024-05-03 00:00:00 UTC,acme,ann@acme.example,admin,\
2020-01-01 00:00:00 UTC,11,Chrome,98,Mac,app,UA,2024-01-01 00:00:00 UTC,
cat,2024-05-01 00:00:00 UTC,2024-05-02 00:00:00 UTC,bolt,cat@bolt.example,User,\
2020-01-01 00:00:00 UTC,12,Chrome,99,Mac,app,UA,2024-05-01 00:00:00 UTC,
"""

EVERYTHING = {
    "feature_event": FEATURE_EVENT,
    "feature_history": FEATURE_HISTORY,
    "group_data": GROUP,
    "account_history": ACCOUNT_HISTORY,
    "visitor_history": VISITOR_HISTORY,
}

_WHOLE = ("num_events", "num_minutes", "id_hash", "length")
_YES_NO = ("dirty", "is_core_event", "agent_is_paying", "_fivetran_deleted", "_fivetran_active")
_TIMES = ("timestamp", "first_visit", "last_visit", "valid_through", "_fivetran_synced")


def put(folder: Path, *, parquet: bool = False, **tables: str) -> list[Path]:
    """Write tables by their names into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in tables.items():
        path = folder / f"{name}.{'parquet' if parquet else 'csv'}"
        path.write_bytes(typed(text) if parquet else text.encode())
        paths.append(path)
    return paths


def typed(text: str) -> bytes:
    """The same table as Parquet: times of UTC, whole numbers, booleans, and nulls for blanks."""
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).replace({"": None})
    for name in frame.columns:
        if name in _TIMES or name.endswith("_at"):
            times = frame[name].str.removesuffix(" UTC")
            frame[name] = pd.to_datetime(times, utc=True, format="ISO8601")
        elif name in _WHOLE:
            frame[name] = frame[name].astype("Int64")
        elif name in _YES_NO:
            frame[name] = frame[name].map({"true": True, "false": False}).astype("boolean")
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def without(text: str, *columns: str) -> str:
    """The table without some columns."""
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return frame.drop(columns=list(columns)).to_csv(index=False)


def with_column(text: str, name: str, cells: list[str]) -> str:
    """The table with a column more."""
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return frame.assign(**{name: cells}).to_csv(index=False)


def only(text: str, *lines: int) -> str:
    """The header and some of the rows, the first being 1."""
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return frame.iloc[[line - 1 for line in lines]].to_csv(index=False)
