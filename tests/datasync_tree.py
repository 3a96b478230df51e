"""A folder of Data Sync exports as Pendo writes them: manifest, bills of materials, Avro files.

The layout and the fields are those of Pendo's documentation of Data Sync.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fastavro

EVENT = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "matchableId", "type": ["null", "string"], "default": None},
        {"name": "periodId", "type": {"type": "int", "logicalType": "date"}},
        {"name": "eventId", "type": "string"},
        {"name": "visitorId", "type": ["null", "string"]},
        {"name": "accountId", "type": ["null", "string"]},
        {"name": "browserTimestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "appId", "type": "long"},
        {"name": "type", "type": "string"},
        {"name": "url", "type": ["null", "string"], "default": None},
        {"name": "properties", "type": {"type": "map", "values": "string"}, "default": {}},
    ],
}
FEATURE = {
    "type": "record",
    "name": "feature",
    "fields": [
        {"name": "featureId", "type": "string"},
        {"name": "appId", "type": "long"},
        {"name": "name", "type": ["null", "string"]},
        {
            "name": "group",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "group",
                    "fields": [
                        {"name": "id", "type": "string"},
                        {"name": "name", "type": "string"},
                    ],
                },
            ],
        },
    ],
}

Event = tuple[str, str | None, str | None]
"""The event's id, its visitor and its account."""


@dataclass
class Tree:
    """The exports of one application, one below the other in the manifest."""

    folder: Path
    features: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    exports: list[dict[str, Any]] = field(default_factory=list)

    def export(
        self,
        made: str,
        days: Mapping[str, Mapping[str, Sequence[Event]]],
        all_events: Mapping[str, Sequence[Event]] | None = None,
        *,
        one_file: bool = False,
        name: str | None = None,
    ) -> Path:
        """Write an export: by day and feature the events that match it; returns its folder.

        ``one_file`` puts all days of a feature into one file, as a historical export may.
        """
        name = name or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.folder.name} {made}"))
        root = self.folder / name
        periods: dict[str, dict[str, Any]] = {}
        of_file: dict[str, list[dict[str, Any]]] = {}
        for day, features in days.items():
            period = periods.setdefault(day, {"periodId": f"{day}T00:00:00Z", "matchedEvents": []})
            for feature, events in features.items():
                place = f"matchedEvents/Feature/{feature}{'' if one_file else f'-{day}'}.avro"
                entry = {"id": f"Feature/{feature}", "eventCount": len(events)}
                period["matchedEvents"].append(entry | {"files": [place] if events else []})
                if events:
                    of_file.setdefault(place, []).extend(
                        record(day, event, f"Feature/{feature}") for event in events
                    )
        for day, events in (all_events or {}).items():
            period = periods.setdefault(day, {"periodId": f"{day}T00:00:00Z", "matchedEvents": []})
            place = f"allevents{'' if one_file else f'-{day}'}.avro"
            period["allEvents"] = {"eventCount": len(events), "files": [place] if events else []}
            if events:
                of_file.setdefault(place, []).extend(record(day, event) for event in events)
        for place, records in of_file.items():
            write(root / place, EVENT, records)
        write(
            root / "allfeatures.avro",
            FEATURE,
            [
                {
                    "featureId": key,
                    "appId": -323232,
                    "name": feature,
                    "group": None if area is None else {"id": f"g-{area}", "name": area},
                }
                for key, (feature, area) in self.features.items()
            ],
        )
        bill = {
            "timestamp": made,
            "application": {"id": "-323232", "displayName": "Acme", "platform": "web"},
            "numberOfFiles": len(of_file) + 1,
            "pageDefinitionsFile": [],
            "featureDefinitionsFile": ["allfeatures.avro"],
            "timeDependent": [periods[day] for day in sorted(periods)],
        }
        (root / "billofmaterials.json").write_text(json.dumps(bill, indent=1))
        self.exports.append(
            {
                "counter": len(self.exports) + 1,
                "finishTime": made,
                "rootUrl": f"gs://bucket/datasync/1/2/{name}",
                **bill,
            }
        )
        manifest = {"exports": self.exports}
        (self.folder / "exportmanifest.json").write_text(json.dumps(manifest, indent=1))
        return root


def record(day: str, event: Event, matchable: str | None = None) -> dict[str, Any]:
    """An event as the files have it."""
    key, visitor, account = event
    return {
        "matchableId": matchable,
        "periodId": date.fromisoformat(day),
        "eventId": key,
        "visitorId": visitor,
        "accountId": account,
        "browserTimestamp": datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC),
        "appId": -323232,
        "type": "click",
        "url": "https://app.example/board",
        "properties": {"plan": "gold"},
    }


def write(path: Path, schema: dict[str, Any], records: Sequence[dict[str, Any]]) -> None:
    """An Avro file, packed as Pendo does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        fastavro.writer(stream, fastavro.parse_schema(schema), records, codec="deflate")
