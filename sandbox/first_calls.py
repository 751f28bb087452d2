"""First calls to the functions that somebody waits for, so that the sandbox is handed over warm and known to answer.

A worker unpacks the whole layer and imports from it when it starts: seconds on a busy machine, where OLX waits two.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from sandbox.crm import Crm
from sandbox.errors import SandboxError
from sandbox.processes import await_condition

RECEIVERS_SIDE_BY_SIDE = 3  # each starts a worker; an advert brings up to three notifications at once
PATIENCE_SECONDS = 30.0


def make_first_calls(endpoints: dict[str, Any], state: Path) -> None:
    """Call receivers and API with requests that store nothing; `SandboxError` when one keeps answering 5xx.

    Each goes as deep as it can: a wrong signature is compared with the vault's secret, an unknown id is looked up.
    """
    unknown, crm = uuid4(), Crm(endpoints)
    # The first fetches the token that the others share.
    insist(lambda: crm.send("GET", "/classifieds", params={"limit": 1}), state)
    forged = {"object_id": str(unknown), "transaction_id": str(unknown)}
    aviv = f"{endpoints['receivers']['aviv'][:-1]}~/classifieds/{unknown}/statuses"
    with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        receivers = [
            lambda: client.post(endpoints["receivers"]["olx"], json=forged, headers={"x-signature": "0" * 40}),
            lambda: client.post(aviv, json={}),
        ]
        api = [lambda: crm.send("DELETE", f"/classifieds/{unknown}")]
        calls = [*receivers * RECEIVERS_SIDE_BY_SIDE, *api]
        with ThreadPoolExecutor(len(calls)) as pool:
            for call in [pool.submit(insist, call, state) for call in calls]:
                call.result()
    crm.close()


def insist(call: Callable[[], httpx.Response], state: Path) -> None:
    """Repeat a call until it is answered properly: a receiver whose start took its second gives up with 503."""
    answers: list[httpx.Response] = []

    def is_answered() -> bool:
        answers.append(call())
        return not answers[-1].is_server_error

    if not await_condition(is_answered, PATIENCE_SECONDS):
        last = answers[-1]
        name = f"{last.request.method} {last.request.url.path}"
        raise SandboxError(f"{name} keeps answering {last.status_code}: see {state / 'ministack.log'}.")
