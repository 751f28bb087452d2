"""A hub of the campaigns' own: its workers can be ended on purpose, which no other test's can."""

from collections.abc import Iterator
from typing import Any

import pytest

from crashes.plan import CrashFolder
from sandbox.crm import Crm
from sandbox.hub import STATE, running_hub
from sandbox.processes import free_port

HUB_STATE = STATE.with_name(".sandbox-campaigns")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test has ten minutes; the hub that is built before the first and removed after the last has limits of its own."""
    for item in items:
        item.add_marker(pytest.mark.timeout(600, func_only=True))


@pytest.fixture(scope="session")
def crash_folder() -> CrashFolder:
    """What ends workers of this hub on purpose: nobody's, until somebody arms it."""
    return CrashFolder(HUB_STATE / "crashes")


@pytest.fixture(scope="session")
def hub(crash_folder: CrashFolder) -> Iterator[dict[str, Any]]:
    """Its `endpoints.json`. What takes a minute in earnest takes a second here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIME_SCALE", "60")
        with running_hub(free_port(), state=HUB_STATE, inherited=crash_folder.variables) as endpoints:
            yield endpoints


@pytest.fixture(scope="session")
def crm(hub: dict[str, Any]) -> Iterator[Crm]:
    crm = Crm(hub)
    yield crm
    crm.close()
