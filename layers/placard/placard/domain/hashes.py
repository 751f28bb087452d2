"""One spelling of a JSON value, and its hash."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

# How Python writes a whole float. Where only a text has it, the value is written twice, and alike.
_WHOLE_FLOAT = re.compile(r"\.0(?![0-9])")


def canonical_json(value: Any) -> bytes:
    """Return the one spelling of a JSON value that equal values share (RFC 8785).

    Numbers are the one place where Python and RFC 8785 differ: a whole float is written as an integer.
    """
    text = _write(value)
    if _WHOLE_FLOAT.search(text):
        text = _write(_plain(value))
    return text.encode("utf-8", "surrogatepass")


def content_hash(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value
