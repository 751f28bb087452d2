"""The queues: they double, delay, swap and lose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from placard.domain.instants import SECOND
from placard.ports import ProcessWakeUp, Telling, WakeUp

if TYPE_CHECKING:
    from simulation.world import World

# Timeouts of the readers, visibilities and `maxReceiveCount` as in template.yaml.
STREAM_TAKES, LOOK_TAKES = 30 * SECOND, 50 * SECOND
VISIBILITY, RETRY_VISIBILITY = 300 * SECOND, 180 * SECOND
MOST_RECEIVES = 10


@dataclass
class _Message:
    """A message in a queue."""

    handle: Callable[[], None]
    name: str
    limit: int
    visibility: int
    receives: int = 0


class Network:
    """Implements `placard.ports.WakeUps`: queues that double, delay, swap and lose."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, wake_ups: Sequence[WakeUp | ProcessWakeUp]) -> None:
        """Send wake-ups."""
        for wake_up in wake_ups:
            self._post("deliver", lambda wake_up=wake_up: self._world.deliver(wake_up), wake_up.delay, VISIBILITY)  # type: ignore[misc]

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Send tellings."""
        for telling in tellings:
            self._post("notify", lambda telling=telling: self._world.notify(telling), telling.delay, VISIBILITY)  # type: ignore[misc]

    def retry_messages(self, messages: Iterable[tuple[str, str, str]]) -> None:
        """Send keys of messages."""
        for key in messages:
            self._post("fold", lambda key=key: self._world.apply.fold_message(*key), 0, RETRY_VISIBILITY)  # type: ignore[misc]

    def count_waiting(self, _provider: str) -> int:
        """Return about how many wake-ups wait: a day of a few classifieds fills no queue."""
        return 0

    def _post(self, name: str, handle: Callable[[], None], delay: int, visibility: int) -> None:
        world = self._world
        if world.climate.happens(world.climate.lost):
            world.note("a message for", name, "is lost")
            return
        message = _Message(handle, name, LOOK_TAKES if name != "fold" else STREAM_TAKES, visibility)
        at = world.scheduler.now + delay * SECOND
        world.scheduler.at(at + world.climate.delay() // 4, partial(self._receive, message))
        if world.climate.happens(world.climate.doubled):
            world.scheduler.at(at + world.climate.delay() // 4, partial(self._receive, message))

    def _receive(self, message: _Message) -> None:
        """Hand a message to its reader; it comes back after its visibility unless the reader said that it is done."""
        message.receives += 1
        began = self._world.scheduler.now

        def again() -> None:
            if message.receives < MOST_RECEIVES:
                self._world.scheduler.at(began + message.visibility, partial(self._receive, message))

        self._world.invoke(message.name, message.limit, message.handle, again)
