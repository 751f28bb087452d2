"""The queues: they double, delay, swap and lose, and keep apart what nobody could handle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from placard.domain.instants import SECOND
from placard.ports import DeadLetter, ProcessWakeUp, Telling, WakeUp

if TYPE_CHECKING:
    from simulation.world import World

# Timeouts of the readers, visibilities and `maxReceiveCount` as in template.yaml.
STREAM_TAKES, LOOK_TAKES = 30 * SECOND, 50 * SECOND
VISIBILITY, RETRY_VISIBILITY = 300 * SECOND, 180 * SECOND
MOST_RECEIVES = 10


@dataclass
class _Message:
    """A message in a queue. `handle` is told whether this is its last receive."""

    name: str
    body: dict[str, Any]
    handle: Callable[[bool], None]
    limit: int = LOOK_TAKES
    visibility: int = VISIBILITY
    sent_at: int = 0
    receives: int = 0


class Network:
    """Implements `placard.ports.WakeUps` and `placard.ports.DeadLetters`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.dead: dict[str, _Message] = {}

    # --- sending ---

    def send(self, wake_ups: Sequence[WakeUp | ProcessWakeUp]) -> None:
        """Send wake-ups."""
        for wake_up in wake_ups:
            body: dict[str, Any] = {"provider": wake_up.provider, "customer": wake_up.customer}
            if isinstance(wake_up, WakeUp):
                body |= {"classified_id": wake_up.classified_id, "channel": wake_up.channel}
            self._post(_Message("deliver", body, partial(self._world.receive_wake_up, wake_up)), wake_up.delay)

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Send tellings."""
        for telling in tellings:
            body = {"customer": telling.customer, "place": telling.place}
            self._post(_Message("notify", body, partial(self._world.receive_telling, telling)), telling.delay)

    def retry_messages(self, messages: Iterable[tuple[str, str, str]]) -> None:
        """Send keys of messages."""
        for key in messages:
            body = dict(zip(("provider", "remote_id", "digest"), key, strict=True))
            handle = partial(self._world.receive_key, key)
            self._post(_Message("fold", body, handle, STREAM_TAKES, RETRY_VISIBILITY), 0)

    def count_waiting(self, _provider: str) -> int:
        """Return about how many wake-ups wait: a day of a few classifieds fills no queue."""
        return 0

    def _post(self, message: _Message, delay: int) -> None:
        world = self._world
        if world.climate.happens(world.climate.lost):
            world.note("a message for", message.name, "is lost")
            return
        message.sent_at = world.scheduler.now
        at = world.scheduler.now + delay * SECOND
        world.scheduler.at(at + world.climate.delay() // 4, partial(self._receive, message))
        if world.climate.happens(world.climate.doubled):
            world.scheduler.at(at + world.climate.delay() // 4, partial(self._receive, message))

    # --- receiving ---

    def _receive(self, message: _Message) -> None:
        """Hand a message to its reader; it comes back after its visibility unless the reader said that it is done."""
        message.receives += 1
        began = self._world.scheduler.now
        last = message.receives >= MOST_RECEIVES

        def again() -> None:
            if last:
                self.dead[f"m-{len(self.dead)}-{message.sent_at}"] = message
            else:
                self._world.scheduler.at(began + message.visibility, partial(self._receive, message))

        self._world.invoke(message.name, message.limit, partial(message.handle, last), again)

    # --- what nobody could handle ---

    def queues(self) -> tuple[str, ...]:
        """Return the names of the queues."""
        return ("deliver", "fold", "notify")

    def returns(self, _queue: str) -> bool:
        """Whether its messages have a queue they came from."""
        return True

    def take(self, queue: str) -> Iterator[DeadLetter]:
        """Return all dead messages of a queue."""
        for name, message in list(self.dead.items()):
            if message.name == queue:
                yield DeadLetter(queue, name, json.dumps(message.body), message.sent_at, message.receives, name)

    def send_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let messages be received again."""
        for letter in letters:
            message = self.dead.pop(letter.message_id)
            message.receives = 0
            self._post(message, 0)

    def put_back(self, _letters: Sequence[DeadLetter]) -> None:
        """Nobody else looks at them."""
