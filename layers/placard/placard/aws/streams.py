"""Records of the table's stream, as Lambda hands them over, read without unpacking whole items."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from placard.aws.items import read_entry, read_link
from placard.aws.messages import read_message
from placard.domain.messages import Message
from placard.domain.publication import Entry
from placard.domain.told import Place
from placard.ports import ClassifiedChanged, Link, ProcessChanged, PublicationChanged, TellingChanged

Record = Mapping[str, Any]


def read_change(record: Record) -> ClassifiedChanged | PublicationChanged | ProcessChanged | TellingChanged | None:
    """Return what `relay_changes` needs of a record, None where it concerns nobody."""
    image = record["dynamodb"].get("NewImage") or {}
    kind = _text(image, "kind")
    if kind == "STATUS":
        return TellingChanged(_text(image, "customer"), _place(image))
    if _counter(image) == _counter(record["dynamodb"].get("OldImage") or {}):
        return None  # `reconcile` moved a due time, and wakes by itself
    if kind == "CLASSIFIED":
        named = [
            portal for side in _images(record) for member in ("ever", "portals") for portal in _texts(side, member)
        ]
        return ClassifiedChanged(_classified_id(image), _text(image, "customer"), frozenset(named))
    if kind == "PUBLICATION" and image.get("look", {}).get("BOOL"):
        retry_at = json.loads(_text(image, "state")).get("retry_at")
        return PublicationChanged(_classified_id(image), _text(image, "customer"), _text(image, "channel"), retry_at)
    if kind in ("TOLD", "WEBHOOK") and image.get("look", {}).get("BOOL"):
        place = _place(image) if kind == "TOLD" else None
        return TellingChanged(_text(image, "customer"), place, int(image["wake_at"]["N"]))
    if kind == "PROCESS" and image.get("look", {}).get("BOOL"):
        state = json.loads(_text(image, "state"))
        customer = _text(image, "customer")
        return ProcessChanged(customer, state["process_id"], _text(image, "provider"), state.get("retry_at"))
    return None


def read_new_entry(record: Record) -> Entry | None:
    """Return the timeline entry that a record brings, None where it brings none."""
    image = record["dynamodb"].get("NewImage") or {}
    if _text(image, "kind") != "STATUS":
        return None
    return read_entry({"body": base64.b64decode(image["body"]["B"])})


def read_remote(record: Record) -> Message | Link | None:
    """Return the message or the LINK that a record brings, as it was stored; None for what is neither."""
    kind = (record["dynamodb"].get("NewImage") or {}).get("kind", {}).get("S")
    if kind not in ("EVENT", "LINK"):
        return None
    item = {name: _plain(*value.items()) for name, value in record["dynamodb"]["NewImage"].items()}
    return read_message(item) if kind == "EVENT" else read_link(item)


def read_remote_key(record: Record) -> tuple[str, str, str | None] | None:
    """Return provider, remote id and, for a message, its digest; None for what is neither LINK nor message."""
    keys = record["dynamodb"]["Keys"]
    owner, _, remote = _text(keys, "pk").partition("#")
    provider, _, remote_id = remote.partition("#")
    kind, _, digest = _text(keys, "sk").partition("#")
    if owner != "REMOTE" or kind not in ("LINK", "EVENT"):
        return None
    return provider, remote_id, digest or None


def _plain(value: tuple[str, Any]) -> Any:
    """Return what an attribute of a message or a LINK holds."""
    kind, content = value
    match kind:
        case "N":
            return int(content)
        case "B":
            return base64.b64decode(content)
    return content


def _counter(image: Mapping[str, Any]) -> str | None:
    """Return what grows with every change: a classified's revision, a publication's version."""
    counter: str | None = (image.get("revision") or image.get("version") or {}).get("N")
    return counter


def _images(record: Record) -> Iterator[Mapping[str, Any]]:
    for side in ("OldImage", "NewImage"):
        image = record["dynamodb"].get(side)
        if image:
            yield image


def _place(image: Mapping[str, Any]) -> Place:
    return Place(_classified_id(image), _text(image, "channel"))


def _classified_id(image: Mapping[str, Any]) -> str:
    return _text(image, "pk").partition("#")[2]


def _text(image: Mapping[str, Any], member: str) -> str:
    return str(image.get(member, {}).get("S", ""))


def _texts(image: Mapping[str, Any], member: str) -> list[str]:
    value = image.get(member, {})
    return [*value.get("SS", ()), *(row.get("S", "") for row in value.get("L", ()))]
