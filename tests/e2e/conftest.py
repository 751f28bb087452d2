"""One hub for all end-to-end tests: the real template on the embedded AWS, with IAM enforced."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.crm import Crm
from sandbox.hub import STATE, running_hub
from sandbox.processes import free_port
from tests.e2e.world import Listing, Simulator

HUB_STATE = STATE.with_name(".sandbox-e2e")
MOST_LINES = 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the hub had to complain about last: whoever reads it may not have the machine it came from."""
    report = yield
    if report.failed:
        report.sections.append(("what the hub complained about last", _read_complaints(HUB_STATE / "ministack.log")))
    return report


def _read_complaints(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    marks = ("WARNING", "ERROR", "Traceback", "Error:", "timed out")
    return "\n".join([line[:600] for line in lines if any(mark in line for mark in marks)][-MOST_LINES:])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test has ten minutes; the hub that is built before the first and removed after the last has limits of its own."""
    for item in items:
        item.add_marker(pytest.mark.timeout(600, func_only=True))
    # What was used is known when all others are over.
    items.sort(key=lambda item: item.path.name == "test_permissions.py")


@pytest.fixture(scope="session")
def hub() -> Iterator[dict[str, Any]]:
    """Its `endpoints.json`. What takes a minute in earnest takes a second here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIME_SCALE", "60")
        with running_hub(free_port(), state=HUB_STATE) as endpoints:
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
