"""docs/for-crm-developers.md as a new developer follows it: its commands and its client, as written, on the running hub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from textwrap import dedent

import pytest

from placard_client import Client, ClientCredentials, errors
from sandbox.crm import Crm
from sandbox.processes import ROOT
from sandbox.samples import PORTUGUESE_FLAT, load_sample
from tests.e2e.conftest import HUB_STATE
from tests.e2e.world import Json, Simulator, wait_for

DOCUMENT = (ROOT / "docs/for-crm-developers.md").read_text()
# What finds the hub of the tests in the place of the developer's own.
SURROUNDINGS = {
    **os.environ,
    "ENDPOINTS": str(HUB_STATE / "endpoints.json"),
    "PYTHONPATH": str(ROOT / "clients/python"),
}


def list_blocks(section: str, language: str) -> list[str]:
    text = DOCUMENT.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)
    return [dedent(block) for _, block in blocks]


STEPS = list_blocks("Quick start", "bash")


def run_bash(*steps: str) -> list[str]:
    """Run these steps in one shell; what each printed."""
    mark = "— next step —"
    script = "\n".join(f"{step}\necho '{mark}'" for step in steps)
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=SURROUNDINGS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [printed.strip() for printed in done.stdout.split(mark)[:-1]]


@pytest.fixture
def as_before(crm: Crm) -> Iterator[None]:
    """The developer's subscription and listing, removed again."""
    yield
    crm.send("DELETE", "/webhooks")
    (listing,) = list_published(crm)
    crm.delete(listing["classifiedId"])


def list_published(crm: Crm) -> list[Json]:
    key = json.loads((ROOT / f"sandbox/samples/{PORTUGUESE_FLAT}.json").read_text())["data"]["metaData"]["source"]
    answer = crm.send("GET", "/classifieds", params={"offererEstateId": key["offererEstateId"]})
    items: list[Json] = answer.json()["items"]
    return items


@pytest.mark.usefixtures("as_before")
def test_the_quick_start_and_the_client_do_what_they_say(hub: Json, crm: Crm) -> None:
    token, published, read, told = run_bash(*STEPS)
    assert (token, published) == ("", "")
    (listing,) = list_published(crm)
    (entry,) = json.loads(read)["items"]
    assert (entry["classifiedId"], entry["portals"]) == (listing["classifiedId"], ["IMOVIRTUAL"])
    subscribed, deactivated, _ = told.splitlines()
    assert isinstance(json.loads(subscribed), str)
    assert json.loads(deactivated)["classifiedId"] == listing["classifiedId"]
    looking = STEPS[0] + STEPS[-1].splitlines()[-1]
    calls = wait_for(lambda: json.loads(run_bash(looking)[0])["items"], "the CRM is told")
    assert {call["status"] for call in calls} == {201}
    assert {call["body"]["classifiedId"] for call in calls} == {listing["classifiedId"]}

    (snippet,) = list_blocks("In Python", "python")
    shell = (
        f"{STEPS[0]}\n{sys.executable} -c {json.dumps('import sys; exec(sys.stdin.read())')} <<'EOF'\n{snippet}\nEOF\n"
    )
    (printed,) = run_bash(shell)
    assert "['IMOVIRTUAL']" in printed
    assert "Validation-Error [{'name': '/url', 'reason': " in printed.splitlines()[-1]


@pytest.fixture
def client(hub: Json) -> Iterator[Client]:
    auth = ClientCredentials(hub["token_url"], hub["client_id"], hub["client_secret"], hub["scopes"])
    with Client(hub["api_url"], auth, software="MyCrm/1.0", customer_id="agency-of-the-client") as client:
        yield client


def test_the_client_takes_a_listing_its_whole_way(hub: Json, client: Client) -> None:
    """Its own agency, without an account at any portal: whatever is published ends at once, and says why."""
    body = load_sample(PORTUGUESE_FLAT)
    client.put_webhook({"url": f"{hub['simulators']['crm']}/the-client"})
    try:
        ack = client.post_classified(body, idempotency_key="once")
        assert client.post_classified(body, idempotency_key="once") == ack
        with pytest.raises(errors.UnprocessableContentError) as reused:
            client.post_classified({**body, "portals": ["OTODOM"]}, idempotency_key="once")
        assert reused.value.kind == "Idempotency-Key-Reused-Error"
        listing = ack["classifiedId"]

        def ended() -> Json | None:
            (entry,) = client.list_statuses(listing, filter="latest")["items"]
            return dict(entry) if entry["status"] == "CREATING_FAILED" else None

        entry = wait_for(ended, "the end of the creation") or {}
        assert (entry["problem"]["code"], entry["problem"]["actor"]) == ("not_connected", "agency")
        crm = Simulator(hub["simulators"]["crm"])

        def told() -> list[str]:
            return [call["body"]["status"] for call in crm.list_calls(f"^/the-client/classifieds/{listing}/")]

        wait_for(lambda: list(dict.fromkeys(told())) == ["RECEIVED", "CREATING_FAILED"], "both entries told")
        shown = client.get_classified(listing)
        assert (shown["revision"], shown["portals"], client.get_webhook()["state"]) == (1, body["portals"], "active")
        with pytest.raises(errors.PreconditionFailedError):
            client.put_classified(listing, body, if_match='"7"')
        with pytest.raises(errors.BadRequestError) as wrong:
            client.put_classified(listing, {**body, "portals": []})
        assert wrong.value.errors[0]["name"] == "/portals"
        assert client.delete_classified(listing)["revision"] == 2
        with pytest.raises(errors.NotFoundError):
            client.get_classified(listing)
    finally:
        client.delete_webhook()
    with pytest.raises(errors.NotFoundError):
        client.get_webhook()
