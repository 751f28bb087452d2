"""The whole hub on the embedded AWS, and how its functions are pointed at the wire that counts their calls."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from bench.stage import FOLDER, ROOT
from sandbox.crm import Crm
from sandbox.embedded_aws import EmbeddedAws
from sandbox.hub import running_hub
from sandbox.processes import free_port
from sandbox.stack import describe_stack

# Not those that run by the clock: their calls belong to no classified.
WATCHED = (
    "PublishClassified",
    "QueryStatus",
    "ReceiveOlx",
    "ReceiveAviv",
    "ApplyEvents",
    "RelayChanges",
    "DeliverPublication",
    "NotifyCrm",
)
POLL_SECONDS = 0.2
Found = TypeVar("Found")
Json = dict[str, Any]


@dataclass
class Hub:
    """A running hub: its `endpoints.json`, its embedded AWS, a CRM, and where that CRM is told."""

    endpoints: Json
    aws: EmbeddedAws
    crm: Crm
    hook: str

    def told(self, classified_id: str) -> list[Json]:
        """Return the callbacks about a classified that the CRM accepted, oldest first."""
        path = f"^{self.hook}/classifieds/{classified_id}"
        calls = self.look("crm", "calls", path=path, method="POST")["items"]
        return [call for call in calls if call["status"] == 201]

    def look(self, simulator: str, what: str, **params: str) -> Any:
        """Ask a simulator's controls."""
        url = f"{self.endpoints['simulators'][simulator]}/_sim/{what}"
        return httpx.get(url, params=params, trust_env=False, timeout=30).raise_for_status().json()


@contextmanager
def running() -> Iterator[Hub]:
    """Start the hub with a state of the bench's own, subscribe a CRM, and end it all afterwards."""
    with running_hub(free_port(), state=FOLDER / "hub") as endpoints:
        crm, hook = Crm(endpoints), f"/bench-{uuid4().hex[:8]}"
        url = endpoints["simulators"]["crm"] + hook
        crm.send("PUT", "/webhooks", json={"url": url}).raise_for_status()
        try:
            yield Hub(endpoints, EmbeddedAws(int(endpoints["aws"]["endpoint_url"].rpartition(":")[2])), crm, hook)
        finally:
            crm.close()


@contextmanager
def counting(hub: Hub) -> Iterator[Callable[[], list[Json]]]:
    """Put the wire between the functions and AWS; yields what returns all calls so far."""
    stack, functions = describe_stack(hub.aws), hub.aws.client("lambda")
    command = [sys.executable, "-m", "bench.wire", hub.aws.endpoint_url, *WATCHED]
    wire = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        urls = json.loads(wire.stdout.readline() if wire.stdout else "")
        for name, url in urls.items():
            function = stack.resources[f"{name}Function"]
            variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
            variables["AWS_ENDPOINT_URL"] = url
            functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
            if functions.list_aliases(FunctionName=function)["Aliases"]:
                version = functions.publish_version(FunctionName=function)["Version"]
                functions.update_alias(FunctionName=function, Name="live", FunctionVersion=version)
        yield lambda: httpx.get(f"{url}/_bench/calls", trust_env=False, timeout=30).raise_for_status().json()  # type: ignore[no-any-return]
    finally:
        wire.terminate()
        wire.wait()


def wait_for(ask: Callable[[], Found], what: str, seconds: float = 300) -> Found:
    """Ask until the answer is true, and return it; RuntimeError with `what` when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds:g} s: {what}; last answer {answer!r}")
        time.sleep(POLL_SECONDS)
    return answer
