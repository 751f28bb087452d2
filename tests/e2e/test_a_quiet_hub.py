"""The first thing a hub does: nothing. Its table is empty, its queues are idle, and no portal answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.embedded_aws import EmbeddedAws
from tests.e2e.conftest import HUB_STATE
from tests.e2e.world import Simulator, wait_for

ROUNDS = 3
MOST_CALLS = 5  # in a row to a portal that fails, before the account's calls are held
PORTALS = ("olx", "aviv", "spotahome")


@pytest.fixture
def portals_down(hub: dict[str, Any]) -> Iterator[dict[str, Simulator]]:
    simulators = {name: Simulator(hub["simulators"][name]) for name in PORTALS}
    with ExitStack() as stack:
        for simulator in simulators.values():
            simulator.switch("POST", "faults", {"kind": "drop_before"})
            stack.callback(simulator.switch, "DELETE", "faults")
        yield simulators


def test_a_hub_with_nothing_to_do_and_no_portal_to_ask_is_quiet(
    hub: dict[str, Any], portals_down: dict[str, Simulator]
) -> None:
    client = EmbeddedAws(urlsplit(hub["aws"]["endpoint_url"]).port or 0).client("lambda")
    names = [one["FunctionName"] for one in client.list_functions()["Functions"]]
    schedule = {"Reconcile": {}, "PollSpotahome": {"sweep": "full"}}
    log = HUB_STATE / "ministack.log"
    before = len(log.read_bytes())
    calls = {name: len(simulator.list_calls(".")) for name, simulator in portals_down.items()}
    said: list[str] = []
    for _ in range(ROUNDS):
        for function, event in schedule.items():
            (name,) = (name for name in names if f"-{function}Function" in name)
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail")
            assert "FunctionError" not in answer, answer["Payload"].read()
            said += base64.b64decode(answer.get("LogResult", "")).decode().splitlines()
    spotahome = portals_down["spotahome"]
    more = wait_for(
        lambda: len(spotahome.list_calls(".")) - calls["spotahome"], "a sweep, this test's or the schedule's"
    )
    assert more <= (ROUNDS + 2) * MOST_CALLS, "a sweep gives up soon, and the account is held"
    lines = said + log.read_bytes()[before:].decode(errors="replace").splitlines()
    assert [line for line in lines if '"level":"ERROR"' in line or "Traceback" in line] == []
    assert [line for line in lines if "ESM: " in line and " processed " in line] == [], "nothing wakes anybody"
    for name in ("olx", "aviv"):
        assert len(portals_down[name].list_calls(".")) == calls[name], "without listings nothing is asked"
