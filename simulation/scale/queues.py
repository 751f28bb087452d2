"""A queue and the function that reads it, as many messages at once as `MaximumConcurrency` allows."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from placard.domain.errors import PlacardError
from placard.domain.instants import SECOND
from simulation.scale.agenda import Agenda
from simulation.scale.costs import takes

# Reads one message; `slot` names the instance, which keeps what it has seen.
Read = Callable[[int, Any], object]
# `maxReceiveCount` of the template.
MOST_RECEIVES = 10


class _Sent(NamedTuple):
    """A message: when it became visible, its order, what it says, how often it was received."""

    at: int
    number: int
    message: Any
    receives: int


class FairQueue:
    """A standard queue with message groups, which SQS serves fairly: who has fewest messages in flight comes first.

    SQS says no more than that quiet groups are preferred to busy ones ("Amazon SQS fair queues"); among those with as many in
    flight the oldest message goes first.
    """

    def __init__(self, name: str, agenda: Agenda, concurrency: int, visibility: int, read: Read) -> None:
        self.name, self._agenda, self._read, self._visibility = name, agenda, read, visibility
        self._free = list(range(concurrency))
        self._groups: dict[str, deque[_Sent]] = defaultdict(deque)
        self._flying: Counter[str] = Counter()
        # Groups with nothing in flight, by their oldest message.
        self._quiet: list[tuple[int, int, str]] = []
        self._numbers = count()
        self.waiting = self.delayed = 0
        self.forget_counts()

    def forget_counts(self) -> None:
        """Begin to count anew."""
        self.most_waiting = self.sent = self.invocations = self.busy = self.failed = self.dead = 0

    def send(self, group: str, message: Any, delay: int) -> None:
        """Take a message, hidden for so many seconds."""
        self.sent += 1
        self.delayed += 1
        at = self._agenda.now() + delay * SECOND + takes("queue")
        self._agenda.at(at, lambda: self._show(group, _Sent(at, next(self._numbers), message, 0)))

    @property
    def idle(self) -> bool:
        """Whether there is nothing in it."""
        return not (self.waiting or self.delayed or self._flying)

    def oldest(self, now: int) -> int:
        """Return the age (ms) of the oldest message that waits."""
        return now - min((group[0].at for group in self._groups.values()), default=now)

    def _show(self, group: str, sent: _Sent) -> None:
        self.delayed -= 1
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        waiting = self._groups[group]
        waiting.append(sent)
        if len(waiting) == 1 and not self._flying[group]:
            heapq.heappush(self._quiet, (sent.at, sent.number, group))
        self._serve()

    def _serve(self) -> None:
        while self._free and self.waiting:
            group = self._choose()
            waiting = self._groups[group]
            sent = waiting.popleft()
            if not waiting:
                del self._groups[group]
            self.waiting -= 1
            self._flying[group] += 1
            self._invoke(self._free.pop(), group, sent)

    def _choose(self) -> str:
        while self._quiet:
            at, number, group = heapq.heappop(self._quiet)
            waiting = self._groups.get(group)
            if waiting and not self._flying[group] and (waiting[0].at, waiting[0].number) == (at, number):
                return group
        busy = (group for group in self._flying if group in self._groups)
        return min(busy, key=lambda group: (self._flying[group], self._groups[group][0]))

    def _invoke(self, slot: int, group: str, sent: _Sent) -> None:
        began = self._agenda.now()
        self.invocations += 1
        try:
            self._read(slot, sent.message)
        except PlacardError:
            self.failed += 1
            self._hide(group, sent, began)
        over = self._agenda.now()
        self.busy += over - began
        self._agenda.instant = began
        self._agenda.at(over, lambda: self._end(slot, group))

    def _hide(self, group: str, sent: _Sent, began: int) -> None:
        """A message whose reader failed comes back after its visibility, and ends in the DLQ."""
        if sent.receives + 1 == MOST_RECEIVES:
            self.dead += 1
            return
        self.delayed += 1
        at = began + self._visibility
        again = _Sent(at, next(self._numbers), sent.message, sent.receives + 1)
        self._agenda.at(at, lambda: self._show(group, again))

    def _end(self, slot: int, group: str) -> None:
        self._free.append(slot)
        self._flying[group] -= 1
        if not self._flying[group]:
            del self._flying[group]
            waiting = self._groups.get(group)
            if waiting:
                heapq.heappush(self._quiet, (waiting[0].at, waiting[0].number, group))
        self._serve()
