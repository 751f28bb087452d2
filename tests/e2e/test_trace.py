"""One `traceparent`, from the CRM's header through every hop to the portals and into the log lines that tell of them."""

import json
import secrets
from typing import Any

import pytest

from sandbox.crm import Crm
from sandbox.hub import STATE
from sandbox.samples import PORTUGUESE_FLAT, load_sample
from tests.e2e.world import BOTH, Listing, Simulator, wait_for

LOG = STATE.with_name(".sandbox-e2e") / "ministack.log"


class TracedCrm(Crm):
    """A CRM that sends one trace with each of its calls."""

    trace = ""

    def send(self, method: str, path: str, **options: Any) -> Any:
        headers = {"traceparent": self.trace, **options.pop("headers", {})}
        return super().send(method, path, headers=headers, **options)


def make_trace() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def list_lines(trace: str) -> set[tuple[str, str]]:
    """Function and message of every log line that names a trace.

    Of functions that streams and queues wake: the embedded AWS keeps no lines of the others.
    """
    lines = [json.loads(line) for line in LOG.read_text().splitlines() if trace in line and line.startswith("{")]
    return {(line["service"], line["message"]) for line in lines}


@pytest.fixture
def traced(hub: dict[str, Any]) -> TracedCrm:
    crm = TracedCrm(hub)
    crm.trace = make_trace()
    return crm


def test_a_trace_is_followed_from_the_crm_to_the_portals_and_back(
    traced: TracedCrm, olx: Simulator, aviv: Simulator
) -> None:
    posted = traced.trace
    answer = traced.send("POST", "/classifieds", json=load_sample(PORTUGUESE_FLAT, portals=[]))
    assert (answer.headers["traceparent"], answer.json()["instance"]) == (posted, posted)
    listing = Listing(traced)
    listing.await_status("CREATED", live=True)
    written = {("olx", "POST", "/advert/v1$"), ("aviv", "POST", "/caas/v4/classifieds$")}
    simulators = {"olx": olx, "aviv": aviv}
    for portal, method, path in written:
        assert [one for one in simulators[portal].list_calls(path, method) if one["traceparent"] == posted], portal
    read = aviv.list_calls(f"/{listing.find_advert('SL')}/statuses$", "GET")
    assert {call["traceparent"] for call in read} == {posted}

    wanted = {
        ("deliver_publication", "calling the portal"),
        ("deliver_publication", "AVIV answered"),
        ("apply_events", "a portal's word was folded"),
    }
    wait_for(lambda: wanted <= list_lines(posted), f"the lines of {posted}", 10)

    traced.trace = edited = make_trace()
    listing.set_price(182_000).await_status("UPDATED", live=True)
    # More than one where the first was held up: how often it is sent is no matter here.
    assert {put["traceparent"] for put in olx.list_calls(listing.find_advert("IMOVIRTUAL"), "PUT")} == {edited}
    assert set(listing.read_latest()) == set(BOTH)
