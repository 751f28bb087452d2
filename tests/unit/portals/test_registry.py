"""The registry: each provider's parts, imported only when asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from placard.domain.channels import PROVIDER_OF
from placard.portals.registry import (
    PROVIDERS,
    load_policy,
    load_poller,
    load_publisher,
    load_receiver,
    publisher_variables,
)
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.contract import EVERYONE

LAYER = Path(__file__).parents[3] / "layers" / "placard"
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("provider", EVERYONE)
@pytest.mark.usefixtures("casita")
def test_a_providers_parts_know_their_name(provider: str) -> None:
    clock = FakeClock()
    vault = MemoryVault(clock)
    assert load_policy(provider).provider == provider
    assert (load_receiver(provider, vault) is None) is (PROVIDERS[provider].receiver is None)
    arguments = {"credentials": vault, "clock": clock, **dict.fromkeys(publisher_variables(provider), NOWHERE)}
    assert load_publisher(provider, **arguments)
    assert (load_poller(provider, **arguments) is None) is (PROVIDERS[provider].poller is None)
    assert provider in PROVIDER_OF.values()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_receiver_imports_nothing_heavy(provider: str) -> None:
    heavy = ("httpx", "boto3", "pydantic", "pydynox", "aws_lambda_powertools")
    code = (
        f"import sys; sys.path.insert(0, {str(LAYER)!r}); from placard.portals.registry import load_policy, load_receiver;"
        f"load_policy({provider!r}); load_receiver({provider!r}, None);"
        f"print(*(name for name in {heavy!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
