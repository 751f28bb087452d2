"""A function imports only what its own path needs (design, section 6): counted in a fresh interpreter, with its parts built."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.functions import PARTS, environment_of, start_script
from tests.template import ROOT

ROUTER = "aws_lambda_powertools.event_handler"
# A receiver stores and does not judge: these and the classes in them were two thirds of its cold start.
JUDGING = (
    "placard.ports",
    "placard.domain.events",
    "placard.domain.problems",
    "placard.aws.items",
    "dataclasses",
    "uuid",
)

# function: what must not have been imported once its parts are built.
FORBIDDEN = {
    "receive_olx": ("boto3", "httpx", "pydantic", ROUTER, "asyncio", *JUDGING),
    "receive_aviv": ("boto3", "httpx", "pydantic", ROUTER, "asyncio", *JUDGING),
    "publish_classified": ("boto3", "httpx", ROUTER),
    "query_status": ("boto3", "httpx", ROUTER),
    "console": ("boto3", "httpx", "pydantic", "placard", ROUTER, "asyncio"),
    "subscribe_webhook": ("boto3", "httpx", "pydantic", ROUTER),
    "notify_crm": ("boto3", "pydantic"),
    "apply_events": ("boto3", "httpx", "pydantic"),
    "relay_changes": ("httpx", "pydantic"),
    "deliver_publication": ("boto3", "pydantic"),
    "reconcile": ("httpx", "pydantic"),
    "listing_processes": ("boto3", "httpx", "pydantic", ROUTER),
    "poll_spotahome": ("boto3", "pydantic"),
}
# function: the most modules of ours that it imports; a few more than it does today, but for the receivers.
MOST = {
    "receive_olx": 24,
    "receive_aviv": 24,
    "publish_classified": 80,
    "query_status": 55,
    "console": 0,
    "subscribe_webhook": 45,
    "notify_crm": 45,
    "apply_events": 60,
    "relay_changes": 32,
    "deliver_publication": 105,
    "reconcile": 50,
    "listing_processes": 45,
    "poll_spotahome": 72,
}


@pytest.mark.parametrize("function", FORBIDDEN)
def test_a_function_imports_only_what_its_path_needs(function: str) -> None:
    script = "import sys; before = set(sys.modules)\n" + start_script(function, ROOT / "layers/placard")
    script += "print(json.dumps(sorted(set(sys.modules) - before)))"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment_of(function), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & set(FORBIDDEN[function])
    assert sum(name.startswith("placard.") for name in loaded) <= MOST[function]


def test_every_function_is_watched() -> None:
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert functions == set(FORBIDDEN) == set(MOST) == set(PARTS)
