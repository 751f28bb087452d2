"""Each of the processes that share these tests has a core of its own, as long as these tests last."""

import os
from collections.abc import Iterator

import pytest

from simulation.scheduler import stay_on_core


@pytest.fixture(scope="package", autouse=True)
def core() -> Iterator[None]:
    """Keep to one core, and leave the others to tests of other packages that run in the same process afterwards."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    stay_on_core(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))
    yield
    if cores:
        os.sched_setaffinity(0, cores)
