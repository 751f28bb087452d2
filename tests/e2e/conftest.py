"""One hub for all end-to-end tests: the real template on the embedded AWS, with IAM enforced."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.crm import Crm
from sandbox.hub import STATE, running_hub
from sandbox.processes import free_port
from tests.e2e.world import Listing, Simulator


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test has five minutes; the hub that is built before the first and removed after the last has limits of its own."""
    for item in items:
        item.add_marker(pytest.mark.timeout(300, func_only=True))


@pytest.fixture(scope="session")
def hub() -> Iterator[dict[str, Any]]:
    """Its `endpoints.json`. What takes a minute in earnest takes a second here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIME_SCALE", "60")
        with running_hub(free_port(), state=STATE.with_name(".sandbox-e2e")) as endpoints:
            yield endpoints


@pytest.fixture(scope="session")
def crm(hub: dict[str, Any]) -> Iterator[Crm]:
    crm = Crm(hub)
    yield crm
    crm.close()


@pytest.fixture
def olx(hub: dict[str, Any]) -> Iterator[Simulator]:
    simulator = Simulator(hub["simulators"]["olx"])
    yield simulator
    simulator.forget_switches()


@pytest.fixture
def aviv(hub: dict[str, Any]) -> Iterator[Simulator]:
    simulator = Simulator(hub["simulators"]["aviv"])
    yield simulator
    simulator.forget_switches()


@pytest.fixture(scope="session")
def published(crm: Crm) -> Listing:
    """A classified live on both portals. It is for looking at: who changes one publishes its own."""
    listing = Listing(crm)
    listing.await_status("CREATED", live=True)
    return listing
