"""Reading JSON from strangers: only what every reader reads alike (RFC 7493), and nothing that can hurt later."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from placard.domain.refusals import UnreadableBodyError

# A classified is 9 levels deep; whatever is far deeper was made to exhaust a parser's stack.
DEEPEST = 64
# Half of a pair can only come as an escape: UTF-8 itself has none.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(raw: bytes) -> Any:
    """Return the JSON value of a body.

    Raises UnreadableBodyError for what is no JSON or no UTF-8, for NaN and numbers no double can hold, for repeated
    members, lone surrogates and nesting beyond 64 levels.
    """
    if not raw.strip():
        raise UnreadableBodyError("The body is absent")
    try:
        value = json.loads(
            raw.decode(),
            parse_constant=_refuse_constant,
            parse_float=_read_float,
            parse_int=_read_int,
            object_pairs_hook=_read_object,
        )
        # Text that cannot be written as UTF-8 again (a lone surrogate) could be neither stored nor passed on.
        if _SURROGATE.search(raw):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise UnreadableBodyError("The body is not UTF-8, or holds half a surrogate pair") from None
    except ValueError as error:
        raise UnreadableBodyError(f"The body is not JSON: {_shorten(error)}") from None
    except RecursionError:
        raise UnreadableBodyError(f"The body is nested deeper than {DEEPEST} levels") from None
    if _is_deep(value):
        raise UnreadableBodyError(f"The body is nested deeper than {DEEPEST} levels")
    return value


def _shorten(error: ValueError) -> str:
    # The parser's own words name a place, never the text; ours are short.
    return str(error)[:120]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _read_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large for a double")
    return number


def _read_int(text: str) -> int:
    _read_float(text)
    return int(text)


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)
