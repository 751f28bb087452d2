"""The calls that all instances may make in a second, in one item for each budget (design §3, `RATE#…`)."""

from __future__ import annotations

from placard.aws.items import rate_key
from placard.aws.table import ConditionRefusedError, Table
from placard.domain.budget import PAID, Move, Rate, book, choose_lane, pay, wait

_KEY = frozenset(rate_key(""))
# Each refusal means that somebody else was faster; more often than this only a storm loses.
_MOST_RACES = 4


class DynamoBudget:
    """Implements `placard.ports.Budget`. May raise StoreUnavailableError.

    A call is one conditional write; two after a pause that two instances end at once. Slices of several calls, kept for the
    second by one instance, would save writes and cost calls: five a second for five instances are one for each, so most of a
    slice would lapse unused, or be hoarded into a burst. Beside the four or more writes that an operation takes anyway, one
    more is little. Who knows from an earlier answer that the budget is spent does not ask again.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        # Marks only ever move on, so what was seen last says which write can succeed.
        self._seen: dict[str, dict[str, int]] = {}

    def take(self, name: str, rate: Rate, now: int, *, customer: str = "", owed: bool = False) -> int:
        """Pay for one call and return 0, or return the milliseconds to wait where the budget is spent."""
        seen = self._seen.setdefault(name, {})
        if self._move(name, PAID, pay(rate, now, seen, customer, owed=owed)) is not None:
            return 0
        lane = choose_lane(seen, customer)
        return wait(self._move(name, lane, book(rate, now, seen, lane)), now)

    def _move(self, name: str, mark: str, move: Move) -> int | None:
        """Move a mark on and return where it stands then, None where it must stay."""
        for _ in range(_MOST_RACES):
            seen = self._seen[name].get(mark, 0)
            if move.after(seen) is None:
                return None
            if seen < move.floor:
                update, condition = f"SET {mark} = :next", f"attribute_not_exists({mark}) OR {mark} < :floor"
                values = {":next": move.floor + move.step, ":floor": move.floor}
            else:
                update, condition = f"SET {mark} = {mark} + :step", f"{mark} BETWEEN :floor AND :limit"
                values = {":step": move.step, ":floor": move.floor, ":limit": move.limit}
            try:
                item = self._table.update(rate_key(name), update, condition, values)
            except ConditionRefusedError as refused:
                item = refused.item or {}
            else:
                self._see(name, item)
                return int(item[mark])
            self._see(name, item)
        return None

    def _see(self, name: str, item: dict[str, int]) -> None:
        self._seen[name].update({mark: int(value) for mark, value in item.items() if mark not in _KEY})
