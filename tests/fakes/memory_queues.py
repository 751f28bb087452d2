"""The queues in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from placard.domain.errors import StoreUnavailableError
from placard.ports import ProcessWakeUp, Telling, WakeUp


class MemoryWakeUps:
    """Implements `placard.ports.WakeUps`; `down` makes every send fail, as an unreachable queue does."""

    def __init__(self) -> None:
        self.sent: list[WakeUp | ProcessWakeUp] = []
        self.tellings: list[Telling] = []
        self.retried: list[tuple[str, str, str]] = []
        self.down = False

    def send(self, wake_ups: Sequence[WakeUp | ProcessWakeUp]) -> None:
        """Send wake-ups; raises when any was not taken."""
        self._check()
        self.sent.extend(wake_ups)

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Send tellings; raises when any was not taken."""
        self._check()
        self.tellings.extend(tellings)

    def retry_messages(self, messages: Iterable[tuple[str, str, str]]) -> None:
        """Send keys of messages to be folded again."""
        self._check()
        self.retried.extend(messages)

    def count_waiting(self, provider: str) -> int:
        """Return how many wake-ups wait for a provider."""
        self._check()
        return sum(wake_up.provider == provider for wake_up in self.sent)

    def take(self) -> list[WakeUp | ProcessWakeUp]:
        """Return the wake-ups sent since the last time."""
        taken, self.sent = self.sent, []
        return taken

    def take_tellings(self) -> list[Telling]:
        """Return the tellings sent since the last time."""
        taken, self.tellings = self.tellings, []
        return taken

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailableError("the queue is down")
