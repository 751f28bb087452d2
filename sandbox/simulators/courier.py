"""Sending callbacks the way a portal does, or as badly as a tester asks."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.simulators.faults import BadSwitchError
from sandbox.simulators.journal import Journal

MODES = ("normal", "twice", "swapped", "none", "slow")
SLOW_MS = 3000
# A swapped message whose partner never comes is sent after all.
PARTNER_WAIT_S = 1.0
MEMBERS = frozenset({"mode", "delay_ms", "unsigned", "early"})


@dataclass(frozen=True)
class RetryPolicy:
    """How a portal takes answers. Times in seconds; `retry_slow`: a timeout is tried again, else it is the end."""

    accepts: Callable[[int], bool]
    retries: int
    interval: float
    timeout: float
    retry_slow: bool


@dataclass(frozen=True)
class Letter:
    """One callback: where it goes and what it says. `object_id` keeps the order of the messages of one advert."""

    object_id: str
    url: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


class Courier:
    """Sends letters in order per advert, records them, and keeps every task that runs in the background."""

    def __init__(self, journal: Journal, policy: RetryPolicy) -> None:
        self._journal = journal
        self._policy = policy
        self._tasks: set[asyncio.Task[None]] = set()
        self.client: httpx.AsyncClient | None = None
        self.clear()

    def clear(self) -> None:
        """Back to normal mode; what is still under way is given up."""
        for task in self._tasks:
            task.cancel()
        self.mode, self.delay_ms, self.unsigned, self.early = "normal", 0, False, False
        self._held: dict[str, Letter] = {}
        self._order: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._first_tries: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._places = asyncio.Semaphore(50)

    def configure(self, order: Any) -> None:
        """Take `{mode?, delay_ms?, unsigned?, early?}`; what is not named goes back to its default.

        Raises:
            BadSwitchError: an unknown member or mode.
        """
        if not isinstance(order, dict) or order.keys() - MEMBERS:
            raise BadSwitchError(f"callbacks take {', '.join(sorted(MEMBERS))}")
        mode = order.get("mode", "normal")
        if mode not in MODES:
            raise BadSwitchError(f"mode must be one of {', '.join(MODES)}")
        delay_ms = order.get("delay_ms", SLOW_MS if mode == "slow" else 0)
        if type(delay_ms) is not int or delay_ms < 0:
            raise BadSwitchError("delay_ms must be a whole number")
        self.mode, self.delay_ms = mode, delay_ms
        self.unsigned, self.early = bool(order.get("unsigned")), bool(order.get("early"))

    def show(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in sorted(MEMBERS)}

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background until it ends or `clear` is called."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def post(self, letter: Letter) -> None:
        """Send a letter as the mode says, without waiting."""
        if self.mode == "none":
            self._journal.close_callback(self._journal.open_callback(letter.object_id, letter.body), "withheld")
        elif self.mode == "swapped":
            self._swap(letter)
        else:
            for _ in range(2 if self.mode == "twice" else 1):
                self._dispatch(letter)

    async def settle(self, object_id: str) -> None:
        """Wait until every letter posted so far for this advert has been tried once."""
        for tried in list(self._first_tries[object_id]):
            await tried.wait()

    def _swap(self, letter: Letter) -> None:
        earlier = self._held.pop(letter.object_id, None)
        if earlier is None:
            self._held[letter.object_id] = letter
            self.run(self._release_later(letter))
        else:
            self._dispatch(letter)
            self._dispatch(earlier)

    async def _release_later(self, letter: Letter) -> None:
        await asyncio.sleep(PARTNER_WAIT_S)
        if self._held.get(letter.object_id) is letter:
            self._dispatch(self._held.pop(letter.object_id))

    def _dispatch(self, letter: Letter) -> None:
        tried = asyncio.Event()
        self._first_tries[letter.object_id].add(tried)
        self.run(self._deliver(letter, tried, self.delay_ms / 1000))

    async def _deliver(self, letter: Letter, tried: asyncio.Event, delay: float) -> None:
        callback = self._journal.open_callback(letter.object_id, letter.body)
        try:
            await asyncio.sleep(delay)
            async with self._order[letter.object_id]:
                status, slow = await self._try_once(letter)
                self._journal.note_attempt(callback, status)
        finally:
            tried.set()
            self._first_tries[letter.object_id].discard(tried)
        for _ in range(self._policy.retries):
            if self._is_over(status, slow):
                break
            await asyncio.sleep(self._policy.interval)
            status, slow = await self._try_once(letter)
            self._journal.note_attempt(callback, status)
        accepted = status is not None and self._policy.accepts(status)
        self._journal.close_callback(callback, "accepted" if accepted else "dropped" if slow else "refused")

    def _is_over(self, status: int | None, slow: bool) -> bool:
        return (slow and not self._policy.retry_slow) or (status is not None and self._policy.accepts(status))

    async def _try_once(self, letter: Letter) -> tuple[int | None, bool]:
        """The answer's status, None without one, and whether time ran out."""
        assert self.client is not None, "the simulator is not serving"
        async with self._places:
            try:
                async with asyncio.timeout(self._policy.timeout):
                    answer = await self.client.post(letter.url, json=letter.body, headers=letter.headers)
            except TimeoutError:
                return None, True
            except (httpx.HTTPError, httpx.InvalidURL):
                return None, False
            return answer.status_code, False
