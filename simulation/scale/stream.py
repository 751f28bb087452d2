"""The table's stream and its two readers: one invocation at a time for each shard, as many records as a batch takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from simulation.scale.agenda import Agenda
from simulation.scale.costs import SHARDS_OF_THE_STREAM, takes


class _Carried(NamedTuple):
    at: int
    what: Any


class Reader:
    """One reader of the stream. Records of one partition of the table stay in their order."""

    def __init__(self, name: str, agenda: Agenda, batch: int, read: Callable[[Sequence[Any]], object]) -> None:
        self.name, self._agenda, self._batch, self._read = name, agenda, batch, read
        self._shards: list[deque[_Carried]] = [deque() for _ in range(SHARDS_OF_THE_STREAM)]
        self._running = [False] * SHARDS_OF_THE_STREAM
        self.waiting = 0
        self.forget_counts()

    def forget_counts(self) -> None:
        """Begin to count anew."""
        self.records = self.invocations = self.busy = self.most_waiting = 0

    def carry(self, partition: str, what: Any) -> None:
        """Take what a record says, from the moment it was written."""
        number = crc32(partition.encode()) % SHARDS_OF_THE_STREAM
        self.records += 1
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        self._shards[number].append(_Carried(self._agenda.now(), what))
        if not self._running[number]:
            self._running[number] = True
            self._agenda.at(self._agenda.now() + takes("poll"), lambda: self._serve(number))

    @property
    def idle(self) -> bool:
        """Whether everything is read."""
        return not any(self._running)

    def oldest(self, now: int) -> int:
        """Return the age (ms) of the oldest record that waits."""
        return now - min((shard[0].at for shard in self._shards if shard), default=now)

    def _serve(self, number: int) -> None:
        shard, began = self._shards[number], self._agenda.now()
        batch: list[Any] = []
        while shard and len(batch) < self._batch and shard[0].at <= began:
            batch.append(shard.popleft().what)
        if batch:
            self.waiting -= len(batch)
            self.invocations += 1
            self._read(batch)
        over = self._agenda.now()
        self.busy += over - began
        self._agenda.instant = began
        if shard:
            self._agenda.at(max(over, shard[0].at) if batch else shard[0].at, lambda: self._serve(number))
        else:
            self._agenda.at(over, lambda: self._rest(number))

    def _rest(self, number: int) -> None:
        """Ask again, if something has come meanwhile."""
        if self._shards[number]:
            self._serve(number)
        else:
            self._running[number] = False
