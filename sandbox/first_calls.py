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
PATIENCE_SECONDS = 120.0


def make_first_calls(endpoints: dict[str, Any], state: Path) -> None:
    """Call receivers and API with requests that store nothing; `SandboxError` when one keeps answering 5xx or nothing.

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
    """Repeat a call until it is answered properly.

    A receiver whose start took its second gives up with 503; on a busy machine a start may take longer than a client waits.
    """
    came: list[str] = []

    def is_answered() -> bool:
        try:
            answer = call()
        except httpx.TransportError as error:
            came.append(f"{_name(error.request)} is not answered ({type(error).__name__})")
            return False
        came.append(f"{_name(answer.request)} keeps answering {answer.status_code}")
        return not answer.is_server_error

    if not await_condition(is_answered, PATIENCE_SECONDS):
        raise SandboxError(f"{came[-1]}: see {state / 'ministack.log'}.")


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"
