"""Reading JSON whose types nobody promises: a value is returned where it is of its kind, else a neutral one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

from placard.domain.instants import from_text


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object. Raises ValueError for anything else, NaN and boundless nesting included."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one error for whatever cannot be read
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"not JSON: {name}")


def as_object(value: Any) -> Mapping[str, Any]:
    """Return the object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> Sequence[Any]:
    """Return the array, or an empty one."""
    return value if isinstance(value, list | tuple) else ()


def as_text(value: Any) -> str | None:
    """Return the text, None for anything else and for what is blank."""
    return value if isinstance(value, str) and value.strip() else None


def as_number(value: Any) -> int | float | None:
    """Return the number, None for anything else (a bool is none, neither is what cannot be counted with)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def as_url(value: Any) -> str | None:
    """Return the http(s) URL, None for anything else."""
    text = as_text(value)
    return text if text is not None and text.lower().startswith(("http://", "https://")) else None


def as_instant(value: Any, zone: tzinfo = UTC) -> int | None:
    """Return the instant in milliseconds, None for what is no date."""
    text = as_text(value)
    if text is None:
        return None
    try:
        return from_text(text, zone)
    except ValueError:
        return None


def look_up(body: Any, pointer: str) -> Any:
    """Return what a JSON pointer names, None where there is nothing."""
    for name in pointer.split("/")[1:]:
        if isinstance(body, Mapping):
            body = body.get(name)
        elif isinstance(body, list | tuple) and name.isascii() and name.isdigit() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body
