"""A function imports only what its own path needs (design §6): the portals and the CRM wait for some of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LAYER = Path(__file__).parents[3] / "layers" / "placard"
HEAVY = ("boto3", "pydantic", "httpx", "asyncio", "ssl")


@pytest.mark.parametrize("module", ["publications", "classifieds", "dues", "vault", "queues", "observability"])
def test_module_imports_nothing_heavy(module: str) -> None:
    code = (
        f"import sys, placard.aws.{module} as module\n"
        "from placard.aws.engine import load_engine\n"
        "load_engine()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(LAYER)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
