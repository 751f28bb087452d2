"""The operator's tools on the running hub, as a person calls them."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from sandbox.crm import Crm
from sandbox.hub import STATE
from sandbox.processes import ROOT
from tests.e2e.world import Listing, Simulator, wait_for

Tool = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tool(hub: dict[str, Any]) -> Tool:
    """Runs a tool on this hub with the values given."""
    state = STATE.with_name(".sandbox-e2e") / "endpoints.json"

    def run(name: str, **given: str) -> "subprocess.CompletedProcess[str]":
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
    stored = table.get_item(Key=key)["Item"]
    table.put_item(Item={**stored, "state": json.dumps(json.loads(stored["state"]) | {"remote_id": "another"})})
    done = tool("replay", CLASSIFIED=listing.id)
    table.put_item(Item=stored)
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


@pytest.mark.parametrize("name", ["replay", "redrive", "reconcile"])
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
