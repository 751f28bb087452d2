"""A hub of the campaigns' own: its workers can be ended on purpose, which no other test's can."""

from collections.abc import Iterator
from typing import Any

import pytest

from crashes.plan import CrashFolder
from sandbox.hub import STATE, running_hub
from sandbox.processes import free_port
from tests.e2e.conftest import crm, pytest_collection_modifyitems

__all__ = ["crm", "pytest_collection_modifyitems"]
HUB_STATE = STATE.with_name(".sandbox-campaigns")


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
