"""Each of the processes that share these tests has a core of its own."""

import os

from simulation.scheduler import stay_on_core

stay_on_core(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))
