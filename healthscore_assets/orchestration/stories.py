"""A client's story from the tables of the lake."""

from healthscore_assets.lake.engine import Engine
from healthscore_assets.lake.opened import look_back
from healthscore_assets.lookups.scoring_settings import read_scoring_settings
from healthscore_assets.orchestration.workplace import Workplace
from healthscore_assets.risk.playbooks.story import STORY_TABLES, client_story
from healthscore_assets.risk.playbooks.story_parts import Story
from healthscore_assets.scoring.health.feed_clients import with_clients
from healthscore_assets.scoring.health.inputs import known_ids

_FEEDS = ("support_tickets", "invoices")


def story_of(workplace: Workplace, client_id: str, month: str) -> Story:
    """What there is to tell of a client in a month. Raises LookupRefused for bad settings."""
    measure = read_scoring_settings(workplace.lookup_file("scoring_settings")).measure
    engine, lake = Engine(), workplace.lake
    try:
        tables = {
            table: look_back(engine, lake, table, month, back)
            for table, back in STORY_TABLES.items()
        }
        client_month = look_back(engine, lake, "client_month", month, 0)
        names = look_back(engine, lake, "client_names", month, 0)
        known = known_ids(tables["client_profile"], client_month, tables["accounts"])
        feeds = with_clients(engine, {name: tables[name] for name in _FEEDS}, known, names)
        told = {**tables, **feeds.feeds}
        return client_story(engine, told, client_id, month, measure)
    finally:
        engine.close()
