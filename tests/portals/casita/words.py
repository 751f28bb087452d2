"""From Casita's words to ours."""

from __future__ import annotations

from typing import NamedTuple

from placard.domain.events import AdvertState, Operation, Verdict

_DONE, _FAILED = Verdict.SUCCEEDED, Verdict.FAILED


class News(NamedTuple):
    """What a word says of the home, None where nothing, and which operation it ends, None where Casita acted by itself."""

    state: AdvertState | None
    operation: Operation | None = None
    verdict: Verdict = _DONE


NEWS = {
    "published": News(AdvertState.LIVE, Operation.POST),
    "refused": News(AdvertState.ABSENT, Operation.POST, _FAILED),
    "changed": News(AdvertState.LIVE, Operation.PUT),
    "change_refused": News(None, Operation.PUT, _FAILED),
    "removed": News(AdvertState.WITHDRAWN, Operation.DELETE),
    "removal_refused": News(None, Operation.DELETE, _FAILED),
    "in_review": News(AdvertState.BLOCKED),
    "expired": News(AdvertState.EXPIRED),
    "taken_down": News(AdvertState.WITHDRAWN),
}
