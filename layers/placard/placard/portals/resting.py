"""A credential that a portal refused rests: it is not tried again for an hour, unless it is replaced. Pure.

The note of it lies in the vault beside the token, so that all instances know of it and each listing meanwhile ends with the
same problem and without a call (contracts/olx.md §6, contracts/aviv.md §5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.instants import HOUR, MINUTE
from placard.domain.problems import CATALOGUE, Problem
from placard.portals.reading import as_number, as_object, as_text

# A DELETE refused with it is tried again an hour after it began, and finds the rest over (lifecycle §1).
REST = HOUR - MINUTE


def note_refusal(problem: Problem, of: Mapping[str, Any], now: int, scale: float = 1.0) -> dict[str, Any]:
    """Return what the vault keeps of a refusal. `of` tells one credential from the next: its ids, its secrets' versions."""
    return {"code": problem.code, "detail": problem.detail, "of": dict(of), "until": now + int(REST * scale)}


def find_refusal(note: Any, of: Mapping[str, Any], now: int) -> Problem | None:
    """Return why this credential rests, None where it may be tried."""
    kept = as_object(note)
    code, until = as_text(kept.get("code")), as_number(kept.get("until"))
    if code not in CATALOGUE or until is None or now >= until or kept.get("of") != of:
        return None
    return Problem.quote(code, as_text(kept.get("detail")))
