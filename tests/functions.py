"""The functions as a cold start meets them: the environment that template.yaml gives each, and the parts that each builds."""

from __future__ import annotations

import os

from tests.template import GLOBALS, RESOURCES, ROOT

# function: the parts of bootstrap it builds.
PARTS = {
    "receive_olx": ("receiver('olx')", "message_store()"),
    "receive_aviv": ("receiver('aviv')", "message_store()"),
    "publish_classified": ("classified_store()", "renderer('olx')", "renderer('aviv')", "renderer('spotahome')"),
    "query_status": ("classified_store()",),
    "console": (),
    "subscribe_webhook": ("subscription_store()", "credentials()", "callback_url_check()"),
    "notify_crm": ("notify_crm()",),
    "apply_events": ("apply_events()", "interpreter('olx')", "interpreter('aviv')", "interpreter('spotahome')"),
    "relay_changes": ("wake_ups()",),
    "deliver_publication": (
        "deliver_publication('olx')",
        "deliver_publication('aviv')",
        "deliver_process('spotahome')",
    ),
    "reconcile": ("reconcile()",),
    "listing_processes": ("process_store()", "publication_store()"),
    "poll_spotahome": ("poll_spotahome()",),
}
START = """
import json, sys
sys.path[:0] = {folders!r}
import app
"""
BUILD = """
from placard import bootstrap
for part in {parts!r}:
    eval("bootstrap." + part)
"""
# A value for every variable that the template may set; a function is given those that its own part of the template names.
_VALUES = {"TIME_SCALE": "1", "STATUS_RETENTION_DAYS": "400", "LEASE_SECONDS": "120"}
_AWS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "POWERTOOLS_TRACE_DISABLED": "1",
}


def start_script(function: str, *layers: object) -> str:
    """A script that imports the function from its folder, with these folders before all others, and builds its parts."""
    folders = [str(folder) for folder in (*layers, ROOT / "functions" / function)]
    parts = PARTS[function]
    return START.format(folders=folders) + (BUILD.format(parts=parts) if parts else "")


def environment_of(function: str) -> dict[str, str]:
    """Return the environment the template gives this function, with nothing of this process's own AWS settings."""
    logical = "".join(part.title() for part in function.split("_")) + "Function"
    own = RESOURCES[logical]["Properties"]["Environment"]["Variables"]
    names = [*GLOBALS["Environment"]["Variables"], *own]
    return {"PATH": os.environ["PATH"]} | _AWS | {name: _VALUES.get(name, "http://127.0.0.1:9/x") for name in names}
