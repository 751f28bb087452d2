"""Sending callbacks the way a portal does, or as badly as a tester asks."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from sandbox.simulators.faults import BadSwitchError, is_share
from sandbox.simulators.journal import Journal

MODES = ("normal", "twice", "swapped", "none", "slow", "mixed")
MIXED = MODES[1:5]
SLOW_MS = 3000
# A swapped message whose partner never comes is sent after all.
PARTNER_WAIT_S = 1.0
MEMBERS = frozenset({"mode", "delay_ms", "unsigned", "early", "shares", "seed"})


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


def read_shares(order: Any) -> dict[str, float]:
    """The shares of a mixed mode: mode → share of the letters, of 1; the rest go normally.

    Raises:
        BadSwitchError: another mode, no share, or more than all.
    """
    if not isinstance(order, dict) or order.keys() - {*MIXED} or not all(is_share(one) for one in order.values()):
        raise BadSwitchError(f"shares are numbers from 0 to 1 for {', '.join(MIXED)}")
    if sum(order.values()) > 1:
        raise BadSwitchError("shares are 1 together at most")
    return dict(order)


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
        self.configure({})
        self._held: dict[str, Letter] = {}
        self._order: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._first_tries: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._places = asyncio.Semaphore(50)

    def configure(self, order: Any) -> None:
        """Take `{mode?, delay_ms?, unsigned?, early?, shares?, seed?}`; what is not named goes back to its default.

        Raises:
            BadSwitchError: an unknown member or mode, or a wrong type.
        """
        if not isinstance(order, dict) or order.keys() - MEMBERS:
            raise BadSwitchError(f"callbacks take {', '.join(sorted(MEMBERS))}")
        mode = order.get("mode", "normal")
        if mode not in MODES:
            raise BadSwitchError(f"mode must be one of {', '.join(MODES)}")
        delay_ms, seed = order.get("delay_ms", SLOW_MS if mode in ("slow", "mixed") else 0), order.get("seed", 0)
        if any(type(number) is not int or number < 0 for number in (delay_ms, seed)):
            raise BadSwitchError("delay_ms and seed must be whole numbers")
        self.mode, self.delay_ms = mode, delay_ms
        self.shares, self.seed, self._chance = read_shares(order.get("shares", {})), seed, Random(seed)
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
        mode = self.draw_mode() if self.mode == "mixed" else self.mode
        if mode == "none":
            self._journal.close_callback(self._journal.open_callback(letter.object_id, letter.body), "withheld")
        elif mode == "swapped":
            self._swap(letter)
        else:
            for _ in range(2 if mode == "twice" else 1):
                self._dispatch(letter, late=self.mode != "mixed" or mode == "slow")

    def draw_mode(self) -> str:
        """The mode of one letter among mixed ones, by the shares."""
        return self._chance.choices([*self.shares, "normal"], [*self.shares.values(), 1 - sum(self.shares.values())])[0]

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
            self._dispatch(letter, late=self.mode != "mixed")
            self._dispatch(earlier, late=self.mode != "mixed")

    async def _release_later(self, letter: Letter) -> None:
        await asyncio.sleep(PARTNER_WAIT_S)
        if self._held.get(letter.object_id) is letter:
            self._dispatch(self._held.pop(letter.object_id), late=self.mode != "mixed")

    def _dispatch(self, letter: Letter, *, late: bool) -> None:
        tried = asyncio.Event()
        self._first_tries[letter.object_id].add(tried)
        self.run(self._deliver(letter, tried, self.delay_ms / 1000 if late else 0))

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
