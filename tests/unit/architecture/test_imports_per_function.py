"""A function imports only what its own path needs (design, section 6): counted in a fresh interpreter, with its parts built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template import GLOBALS, RESOURCES

ROOT = Path(__file__).parents[3]
# A value for every variable that the template may set; a function is given those that its own part of the template names.
VALUES = {"TIME_SCALE": "1", "STATUS_RETENTION_DAYS": "400"}
AWS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "POWERTOOLS_TRACE_DISABLED": "1",
}
ROUTER = "aws_lambda_powertools.event_handler"

# function: the parts it builds, and what must not have been imported then.
FORBIDDEN = {
    "receive_olx": (("receiver('olx')", "message_store()"), ("boto3", "httpx", "pydantic", ROUTER, "asyncio")),
    "receive_aviv": (("receiver('aviv')", "message_store()"), ("boto3", "httpx", "pydantic", ROUTER, "asyncio")),
    "publish_classified": (
        ("classified_store()", "renderer('olx')", "renderer('aviv')", "renderer('spotahome')"),
        ("boto3", "httpx", ROUTER),
    ),
    "query_status": (("classified_store()",), ("boto3", "httpx", ROUTER)),
    "subscribe_webhook": (
        ("subscription_store()", "credentials()", "callback_url_check()"),
        ("boto3", "httpx", "pydantic", ROUTER),
    ),
    "notify_crm": (("notify_crm()",), ("boto3", "pydantic")),
    "apply_events": (
        ("apply_events()", "interpreter('olx')", "interpreter('aviv')", "interpreter('spotahome')"),
        ("boto3", "httpx", "pydantic"),
    ),
    "relay_changes": (("wake_ups()",), ("httpx", "pydantic")),
    "deliver_publication": (
        ("deliver_publication('olx')", "deliver_publication('aviv')", "deliver_process('spotahome')"),
        ("boto3", "pydantic"),
    ),
    "reconcile": (("reconcile()",), ("httpx", "pydantic")),
    "listing_processes": (("process_store()", "publication_store()"), ("boto3", "httpx", "pydantic", ROUTER)),
    "poll_spotahome": (("poll_spotahome()",), ("boto3", "pydantic")),
}
SCRIPT = """
import json, sys
sys.path[:0] = [{layer!r}, {function!r}]
import app
from placard import bootstrap
for part in {parts!r}:
    eval("bootstrap." + part)
print(json.dumps(sorted(sys.modules)))
"""


def environment_of(function: str) -> dict[str, str]:
    """Return the environment the template gives this function, with nothing of this process's own AWS settings."""
    logical = "".join(part.title() for part in function.split("_")) + "Function"
    own = RESOURCES[logical]["Properties"]["Environment"]["Variables"]
    names = [*GLOBALS["Environment"]["Variables"], *own]
    return {"PATH": os.environ["PATH"]} | AWS | {name: VALUES.get(name, "http://127.0.0.1:9/x") for name in names}


@pytest.mark.parametrize("function", FORBIDDEN)
def test_a_function_imports_only_what_its_path_needs(function: str) -> None:
    parts, forbidden = FORBIDDEN[function]
    script = SCRIPT.format(layer=str(ROOT / "layers/placard"), function=str(ROOT / "functions" / function), parts=parts)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment_of(function), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & set(forbidden)


def test_every_function_is_watched() -> None:
    assert {path.parent.name for path in (ROOT / "functions").glob("*/app.py")} == set(FORBIDDEN)
