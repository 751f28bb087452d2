"""What came of the cases: a row each, and the step that mends what was not met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from certify.cases import TAKEN, Case, Player, Try
from placard.callbacks.addresses import resolve_and_check
from placard.domain.refusals import CallbackRefusedError


class Result(StrEnum):
    """How a row ended."""

    PASS = "pass"  # noqa: S105 - no word to enter by
    FAIL = "fail"
    WARN = "warn"
    NOT_PLAYED = "not played"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `todo` is empty where nothing is to be done."""

    group: str
    name: str
    result: Result
    said: str
    todo: str = ""
    tries: tuple[Try, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The row in the report."""
        return {
            "group": self.group,
            "name": self.name,
            "result": self.result.value,
            "said": self.said,
            "todo": self.todo,
            "tries": [
                {
                    "what": one.what,
                    "expected": one.expected,
                    "status": one.seen.status,
                    "seconds": round(one.seen.seconds, 3),
                    "reason": one.seen.reason,
                    "met": one.met,
                }
                for one in self.tries
            ],
        }


# What an answer in the place of a 2xx tells, whatever the case: status → the step.
BY_STATUS = {
    401: "The signature was not believed: is CRM_SECRET the one that your receiver verifies with?",
    403: "The signature was not believed: is CRM_SECRET the one that your receiver verifies with?",
    404: "Name a classified that your CRM knows (CLASSIFIED= ESTATE=), or check the path: …/classifieds/{id}/statuses.",
    409: "Answer 2xx to what you know already: the hub tells at least once.",
    410: "A 410 ends the subscription for good.",
    413: "Let larger bodies through.",
    429: "The hub waits and tries again; if that lasts five days, callbacks pause.",
}
SILENT = "Is it running, and is the address right? The hub tries again for five days, then pauses."


def play_all(cases: Iterable[Case], player: Player) -> Iterator[Row]:
    """Play the cases one after the other; a receiver that takes nothing at all is spared the rest."""
    works = True
    tries: list[Try] = []
    for case in cases:
        if not works:
            yield Row(case.group, case.name, Result.NOT_PLAYED, "")
            continue
        row = judge(case, tuple(case.play(player)))
        tries += row.tries
        works = bool(tries) and any(one.seen.taken for one in tries)
        yield row
    yield judge_times(tries, player.caller.limit)


def judge(case: Case, tries: tuple[Try, ...]) -> Row:
    """Say whether every callback of a case came as expected."""
    unmet = [one for one in tries if not one.met]
    if not unmet:
        return Row(case.group, case.name, Result.PASS, f"{len(tries)} × {tries[0].expected}", tries=tries)
    first = unmet[0]
    count = f" (and {len(unmet) - 1} more of {len(tries)})" if len(unmet) > 1 else ""
    said = f"{first.what}: {first.seen.reason}, not {first.expected}{count}"
    return Row(case.group, case.name, Result.FAIL, said, advise(case, first), tries)


def advise(case: Case, unmet: Try) -> str:
    """The step that mends a case: by the answer where that tells more than the case."""
    status = unmet.seen.status
    if status is None:
        return SILENT
    if unmet.expected == TAKEN:
        if 300 <= status < 400:
            return "The hub follows no redirects: give it the address that answers."
        return BY_STATUS.get(status, case.todo)
    return case.todo


def judge_times(tries: list[Try], limit: float) -> Row:
    """Say whether the slowest of all answers was within the hub's time."""
    group, name = "Time", f"every answer within {limit:g} s"
    answered = [one for one in tries if one.seen.status is not None]
    if not answered:
        return Row(group, name, Result.NOT_PLAYED, "")
    slowest = max(answered, key=lambda one: one.seen.seconds)
    late = [one for one in answered if one.seen.seconds > limit]
    said = f"slowest of {len(answered)}: {slowest.seen.seconds:.2f} s ({slowest.what})"
    todo = "Store the callback, answer, and do the work afterwards: what takes longer is told again."
    if late:
        return Row(group, name, Result.FAIL, f"{len(late)} were late; {said}", todo)
    if slowest.seen.seconds > limit / 2:
        return Row(group, name, Result.WARN, said, todo)
    return Row(group, name, Result.PASS, said)


def judge_address(url: str) -> Row:
    """Say whether the hub itself would call this address; here any is called."""
    try:
        resolve_and_check(url, allow_loopback=False)
    except CallbackRefusedError as error:
        todo = f"Subscribe another one: the hub calls https and public addresses only, and this one {error.reason}."
        return Row("Address", "one that the hub would call", Result.WARN, url, todo)
    return Row("Address", "one that the hub would call", Result.PASS, url)
