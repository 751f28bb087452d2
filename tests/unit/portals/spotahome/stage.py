"""Spotahome for the contract suite: it takes nothing yet, and never calls."""

from __future__ import annotations

import httpx

from placard.portals.spotahome.publisher import SpotahomePublisher
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.contract import Stage
from tests.unit.portals.olx.stage import make_body
from tests.unit.portals.scene import Portal


def make_publisher(portal: Portal, clock: FakeClock) -> SpotahomePublisher:
    """Return a publisher; it calls nobody."""
    return SpotahomePublisher(MemoryVault(clock), clock)


STAGE = Stage(
    channels=("spotahome",),
    bodies=(make_body("SPOTAHOME", distributionType="RENT"),),
    operations=frozenset(),
    publisher=make_publisher,
    taken=lambda operation: httpx.Response(404),
    secrets=(),
)
