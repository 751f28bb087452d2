"""Every call about a classified carries the trace of the CRM's request, at every portal that can be called."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from placard.domain.channels import CHANNEL_OF
from placard.domain.classified import Classified
from placard.domain.events import Operation
from placard.ports import Call, Question
from tests.fakes import FakeClock
from tests.unit.portals.contract import EVERYONE, stage_of
from tests.unit.portals.scene import CUSTOMER, Portal, make_classified, make_publication, make_running
from tests.unit.portals.spotahome.stage import make_poller

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
pytestmark = pytest.mark.usefixtures("casita")
STAGES = {provider: stage_of(provider) for provider in EVERYONE if stage_of(provider).operations}
EVERY = pytest.mark.parametrize("provider", STAGES)
TRACES = pytest.mark.parametrize("trace", [TRACE, None], ids=["with", "without"])
NOTHING = httpx.Response(200, json={"items": [], "data": {}})


def listed_on(provider: str, trace: str | None) -> tuple[str, Classified]:
    """Return a provider's first channel and a classified for it."""
    stage = STAGES[provider]
    channel = stage.channels[0]
    portals = tuple(portal for portal, of in CHANNEL_OF.items() if of == channel)
    return channel, replace(make_classified(stage.bodies[0], *portals), traceparent=trace)


def carried(portal: Portal) -> set[str | None]:
    assert portal.requests
    return {request.headers.get("traceparent") for request in portal.requests}


@EVERY
@TRACES
def test_an_operation_carries_the_trace(provider: str, trace: str | None) -> None:
    channel, classified = listed_on(provider, trace)
    for operation in STAGES[provider].operations:
        portal = Portal(STAGES[provider].taken(operation))
        publisher = STAGES[provider].publisher(portal, FakeClock())
        remote_id = None if operation is Operation.POST else "r-1"
        rendering = publisher.render(classified, channel)
        publisher.send(Call(operation, channel, classified, rendering, classified.portals, remote_id, trace))
        assert carried(portal) == {trace}, operation


@TRACES
def test_what_a_listing_process_is_asked_carries_the_trace(trace: str | None) -> None:
    portal = Portal(httpx.Response(204))
    poller = make_poller(portal, FakeClock())
    poller.cancel(CUSTOMER, 7, trace)
    poller.assign(CUSTOMER, 7, "agent", trace)
    poller.assign(CUSTOMER, 7, None, trace)
    assert len(portal.requests) == 3
    assert carried(portal) == {trace}


@EVERY
@TRACES
def test_a_reading_carries_the_trace(provider: str, trace: str | None) -> None:
    channel, classified = listed_on(provider, None)
    portal = Portal(NOTHING)
    publisher = STAGES[provider].publisher(portal, FakeClock())
    running = make_running(Operation.PUT, *classified.portals)
    publication = replace(make_publication(channel, *classified.portals, running=running), traceparent=trace)
    publisher.read(Question(publication, classified, publisher.render(classified, channel), overdue=True))
    assert carried(portal) == {trace}


@EVERY
@TRACES
def test_a_search_carries_the_trace(provider: str, trace: str | None) -> None:
    channel, classified = listed_on(provider, trace)
    portal = Portal(httpx.Response(200, json={"items": [], "data": []}))
    assert STAGES[provider].publisher(portal, FakeClock()).search(classified, channel) == ()
    assert carried(portal) == {trace}
