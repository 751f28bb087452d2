"""The operator's tools on the running hub, as a person calls them."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from ops.__main__ import TOOLS
from sandbox.consent import give_consent
from sandbox.crm import Crm
from sandbox.hub import STATE
from sandbox.processes import ROOT
from tests.e2e.world import Listing, Simulator, wait_for

Finished = subprocess.CompletedProcess[str]
Tool = Callable[..., Finished]


@pytest.fixture
def tool(hub: dict[str, Any]) -> Tool:
    """Runs a tool on this hub with the values given."""
    state = STATE.with_name(".sandbox-e2e") / "endpoints.json"

    def run(name: str, **given: str) -> Finished:
        words = [f"{key}={value}" for key, value in {**given, "ENDPOINTS": str(state)}.items()]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers/placard")}
        command = [sys.executable, "-m", "ops", name, *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return run


def test_a_publication_is_replayed_from_its_timeline_with_the_evidence(published: Listing, tool: Tool) -> None:
    done = tool("replay", CLASSIFIED=published.id)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "POST /advert/v1 → HTTP 202; transaction " in done.stdout
    assert "REMOTE#olx#" in done.stdout
    assert done.stdout.count("The stored publication is as its") == 2


def test_a_publication_changed_by_another_hand_is_shown(hub: dict[str, Any], crm: Crm, tool: Tool) -> None:
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    listing.await_status("CREATED", live=True)
    table, key = dynamodb(hub), {"pk": f"CLASSIFIED#{listing.id}", "sk": "PUBLICATION#imovirtual"}

    def replay_changed() -> Finished | None:
        """The hub may have a last word of the portal to write down, over the other hand's: then once more."""
        stored = table.get_item(Key=key)["Item"]
        changed = {**stored, "state": json.dumps(json.loads(stored["state"]) | {"remote_id": "another"})}
        table.put_item(Item=changed)
        done = tool("replay", CLASSIFIED=listing.id)
        kept = table.get_item(Key=key)["Item"] == changed
        if kept:
            table.put_item(Item=stored)
        return done if kept else None

    done = wait_for(replay_changed, "nobody else writes")
    assert done is not None
    assert done.returncode == 1, done
    assert "advert id" in done.stdout


def test_a_dead_message_is_shown_and_sent_back_with_its_reason(hub: dict[str, Any], crm: Crm, tool: Tool) -> None:
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    listing.await_status("CREATED", live=True)
    body = {"provider": "olx", "customer": hub["customer_id"], "classified_id": listing.id, "channel": "imovirtual"}
    queue = hub["queues"]["DeliverOlxDlq"]
    client(hub, "sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(body), MessageGroupId="tested")
    shown = tool("redrive", PROVIDER="olx")
    assert (shown.returncode, shown.stdout.count(listing.id)) == (0, 1), shown
    assert "Nothing was moved" in shown.stdout
    assert tool("redrive", PROVIDER="olx", APPLY="1").returncode == 2
    sent = tool("redrive", PROVIDER="olx", APPLY="1", REASON="it's mended")
    assert (sent.returncode, "The reason stands in" in sent.stdout) == (0, True), sent
    assert "There are no such messages" in tool("redrive", PROVIDER="olx").stdout
    newest = next(iter(crm.list_statuses(listing.id)))
    assert (newest["message"], newest["outcome"]) == ("Tried again by the operator: it's mended", "unchanged")
    logs = client(hub, "logs").filter_log_events(logGroupName=log_group(hub), logStreamNames=["operator"])["events"]
    assert [json.loads(event["message"])["reason"] for event in logs][-1] == "it's mended"


def test_drift_is_planned_then_healed(crm: Crm, olx: Simulator, hub: dict[str, Any], tool: Tool) -> None:
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    listing.await_status("CREATED", live=True)
    advert = listing.find_advert("IMOVIRTUAL")
    with olx.calling_back(mode="none"):
        olx.switch("POST", f"adverts/{advert}/state", {"code": "outdated"})
    plan = tool("reconcile", PLAN="1", CUSTOMER=hub["customer_id"])
    assert plan.returncode == 1, plan
    assert re.search(rf"listed in another state +live +outdated +{advert} +{listing.id} +read anew", plan.stdout), plan
    assert listing.read_latest()["IMOVIRTUAL"]["advert"]["live"]
    done = tool("reconcile", APPLY="1", CUSTOMER=hub["customer_id"])
    assert (done.returncode, "is read anew" in done.stdout) == (0, True), done
    entry = wait_for(
        lambda: next((e for e in [listing.read_latest()["IMOVIRTUAL"]] if not e["advert"]["live"]), None), "the drift"
    )
    assert entry is not None
    assert (entry["advert"]["state"], entry["source"], entry["problem"]["code"]) == ("expired", "poll", "expired")


def test_an_agency_is_connected_by_consent_then_exported_and_erased(hub: dict[str, Any], tool: Tool) -> None:
    customer = f"agency-{secrets.token_hex(4)}"
    endpoints = STATE.with_name(".sandbox-e2e") / "endpoints.json"
    assert give_consent(endpoints, customer, f"demo-authorization-code-{customer}").returncode == 0
    checked = tool("connect", CHECK="1", CUSTOMER=customer)
    assert re.search(rf"{customer} +imovirtual +answers; 0 on the first page", checked.stdout), checked
    agency = Crm(hub, customer)
    listing = Listing(agency, portals=["IMOVIRTUAL"])
    listing.await_status("CREATED", live=True)
    held = tool("erase", CUSTOMER=customer, APPLY="1", REASON="asked in writing")
    assert (held.returncode, "hands: 1. Take them off" in held.stdout) == (1, True), held
    listing.delete().await_status("DELETED")
    exported = [json.loads(line) for line in tool("export", CUSTOMER=customer).stdout.splitlines()]
    assert {"CLASSIFIED", "PUBLICATION", "STATUS", "TOLD"} <= {line.get("kind") for line in exported}
    assert any(line["pk"].startswith("REMOTE#olx#") for line in exported), "the portal's own messages"
    erased = tool("erase", CUSTOMER=customer, APPLY="1", REASON="asked in writing")
    assert erased.returncode == 0, erased
    assert agency.send("GET", f"/classifieds/{listing.id}").status_code == 404
    # What came back meanwhile, a last message of the portal's, is nobody's and goes with the retention.
    assert "Nothing is kept" in tool("erase", CUSTOMER=customer).stdout
    agency.close()


def test_spotahome_is_swept_when_asked(tool: Tool) -> None:
    swept = tool("sweep", OPEN="1")
    assert (swept.returncode, "listing processes have changed" in swept.stdout) == (0, True), swept


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_without_values_says_how_it_is_used(name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers/placard")}
    command = [sys.executable, "-m", "ops", name]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith(f"make {name} ")) == (2, True)


def client(hub: dict[str, Any], service: str) -> Any:
    return boto3.client(service, **credentials(hub))


def credentials(hub: dict[str, Any]) -> dict[str, str]:
    aws = hub["aws"]
    return {
        "endpoint_url": aws["endpoint_url"],
        "region_name": aws["region"],
        "aws_access_key_id": aws["access_key_id"],
        "aws_secret_access_key": aws["secret_access_key"],
    }


def dynamodb(hub: dict[str, Any]) -> Any:
    return boto3.resource("dynamodb", **credentials(hub)).Table(hub["table_name"])


def log_group(hub: dict[str, Any]) -> str:
    found = client(hub, "cloudformation").describe_stack_resource(StackName="placard", LogicalResourceId="LogGroup")
    return str(found["StackResourceDetail"]["PhysicalResourceId"])
