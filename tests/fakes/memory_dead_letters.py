"""Dead-letter queues in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from placard.domain.errors import StoreUnavailableError
from placard.ports import DeadLetter


class MemoryDeadLetters:
    """Implements `placard.ports.DeadLetters`. `sent` is what went back; `refuses` makes the next so many sends fail."""

    def __init__(self, queues: Mapping[str, bool], letters: Sequence[DeadLetter] = ()) -> None:
        self._queues = dict(queues)
        self.kept = list(letters)
        self.hidden: set[str] = set()
        self.sent: list[DeadLetter] = []
        self.refuses = 0

    def queues(self) -> tuple[str, ...]:
        """Return their logical names."""
        return tuple(sorted(self._queues))

    def returns(self, queue: str) -> bool:
        """Whether its messages have a queue they came from."""
        return self._queues[queue]

    def take(self, queue: str) -> Iterator[DeadLetter]:
        """Return all its messages, hidden from others."""
        for letter in [one for one in self.kept if one.queue == queue and one.message_id not in self.hidden]:
            self.hidden.add(letter.message_id)
            yield letter

    def send_back(self, letters: Sequence[DeadLetter]) -> None:
        """Send messages to where they came from, and only then delete them."""
        if self.refuses:
            self.refuses -= 1
            raise StoreUnavailableError("the queue took nothing")
        self.sent += letters
        self.kept = [one for one in self.kept if one not in letters]

    def put_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let others see messages again."""
        self.hidden -= {letter.message_id for letter in letters}
