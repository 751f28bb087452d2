"""Variations of the contract's classifieds."""

from __future__ import annotations

import copy
from typing import Any

from tests.unit.portals.scene import read_contract


def changed(sample: str, pointer: str, *value: Any) -> dict[str, Any]:
    """Return a sample with another value at a JSON pointer, or without it."""
    body: dict[str, Any] = copy.deepcopy(read_contract(f"aviv/classified_{sample}.json"))
    *path, last = pointer.split("/")[1:]
    part: Any = body
    for name in path:
        part = part[int(name)] if isinstance(part, list) else part.setdefault(name, {})
    if value:
        part[last] = value[0]
    else:
        del part[last]
    return body
