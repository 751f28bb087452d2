"""The CRM of a campaign: it sends the plan's steps, each until the hub has taken it, and remembers what it was told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from chaos.plan import Listing, Plan, Step, Wish
from sandbox.crm import Crm, explain
from sandbox.errors import SandboxError

Found = TypeVar("Found")
PREFIX = "/chaos"
LANES = 3
AGAIN_S = 1.0
# A CRM that is not answered asks again; one that is not answered for so long finds the hub broken.
PATIENCE_S = 180.0


class Agency:
    """What the CRM knows: each listing as it is wished for since the last step that the hub took."""

    def __init__(self, endpoints: Mapping[str, Any]) -> None:
        self.endpoints = endpoints
        self.listings: dict[int, Listing] = {}
        self.ids: dict[int, str] = {}
        self.revisions: dict[tuple[int, str], int] = {}
        self.taken = self.repeated = 0
        self._counting = threading.Lock()

    def subscribe(self) -> None:
        """All statuses, told to the simulated CRM; its receiver verifies their signatures."""
        crm, receiver = Crm(self.endpoints), self.endpoints["simulators"]["crm"]
        demand(crm.send("PUT", "/webhooks", json={"url": f"{receiver}{PREFIX}"}))
        secret = demand(crm.send("GET", "/webhooks"))["secret"]
        httpx.put(f"{receiver}/_sim/secrets", json={PREFIX: [secret]}).raise_for_status()
        crm.close()

    def run(self, plan: Plan, began: float, stop: threading.Event) -> None:
        """Send every step at its time, `began` being the storm's start on the monotonic clock.

        Some requests run side by side, those of one listing never.
        """
        lanes: list[list[Step]] = [[] for _ in range(LANES)]
        for step in plan.steps:
            lanes[step.after.number % LANES].append(step)
        errors: list[BaseException] = []

        def walk(steps: list[Step]) -> None:
            crm = Crm(self.endpoints)
            try:
                for step in steps:
                    if stop.wait(max(began + step.at - time.monotonic(), 0)):
                        return
                    self._take(crm, step)
            except BaseException as error:
                errors.append(error)
                stop.set()
            finally:
                crm.close()

        threads = [threading.Thread(target=walk, args=(steps,), daemon=True) for steps in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def _take(self, crm: Crm, step: Step) -> None:
        """Send one step, again and again while the hub gives no answer of its own."""
        number, request = step.after.number, step.request
        path = "/classifieds" if request.path is None else f"/classifieds/{self.ids[number]}{request.path}"
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = crm.send(request.method, path, json=request.body)
            except httpx.TransportError as error:
                trouble = repr(error)
            else:
                if answer.status_code < 500:
                    break
                trouble = f"{answer.status_code}: {explain(answer)}"
            if time.monotonic() > deadline:
                raise SandboxError(f"{request.method} {path} gets no answer: {trouble}")
            self._count(repeated=1)
            time.sleep(AGAIN_S)
        ack = demand(answer)
        self.ids[number], self.listings[number] = ack["classifiedId"], step.after
        for portal, wish in step.after.wishes.items():
            if portal in step.after.concerned:
                self.revisions[number, portal] = ack["revision"]
            elif wish is Wish.ABSENT:
                # A newer body does not name it: which of the older ones was the last that a look saw is all the same.
                self.revisions[number, portal] = 0
        self._count(taken=1)

    def _count(self, taken: int = 0, repeated: int = 0) -> None:
        with self._counting:
            self.taken += taken
            self.repeated += repeated


def insist(ask: Callable[[], Found]) -> Found:
    """What the hub answers, asked again while it does not: a machine under such load may keep it from its table."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except (SandboxError, httpx.TransportError):
            if time.monotonic() > deadline:
                raise
        time.sleep(AGAIN_S)


def demand(answer: httpx.Response) -> Any:
    """The body of a success; `SandboxError` otherwise."""
    if not answer.is_success:
        request = answer.request
        raise SandboxError(f"{request.method} {request.url.path} is answered {answer.status_code}: {explain(answer)}")
    return answer.json()
