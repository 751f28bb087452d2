"""A function imports only what its own path needs (design, section 6): counted in a fresh interpreter, with its parts built."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.functions import PARTS, environment_of, start_script
from tests.template import ROOT

ROUTER = "aws_lambda_powertools.event_handler"
# A receiver stores and does not judge; the classes behind these would be half of its cold start.
CORE = ("placard.ports", "placard.domain.publication", "placard.aws.items")

# function: what must not have been imported once its parts are built.
FORBIDDEN = {
    "receive_olx": ("boto3", "httpx", "pydantic", ROUTER, "asyncio", *CORE),
    "receive_aviv": ("boto3", "httpx", "pydantic", ROUTER, "asyncio", *CORE),
    "publish_classified": ("boto3", "httpx", ROUTER),
    "query_status": ("boto3", "httpx", ROUTER),
    "console": ("boto3", "httpx", "pydantic", "placard.domain", ROUTER, "asyncio"),
    "subscribe_webhook": ("boto3", "httpx", "pydantic", ROUTER),
    "notify_crm": ("boto3", "pydantic"),
    "apply_events": ("boto3", "httpx", "pydantic"),
    "relay_changes": ("httpx", "pydantic"),
    "deliver_publication": ("boto3", "pydantic"),
    "reconcile": ("httpx", "pydantic"),
    "listing_processes": ("boto3", "httpx", "pydantic", ROUTER),
    "poll_spotahome": ("boto3", "pydantic"),
}


@pytest.mark.parametrize("function", FORBIDDEN)
def test_a_function_imports_only_what_its_path_needs(function: str) -> None:
    script = start_script(function, ROOT / "layers/placard") + "print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment_of(function), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & set(FORBIDDEN[function])


def test_every_function_is_watched() -> None:
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert functions == set(FORBIDDEN) == set(PARTS)
