"""Deploys the bare relay beside a hub, on the same embedded AWS: a table with a stream, a queue, four functions."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import httpx

from bench.deployed import Deployed
from sandbox.concurrency import MOST_AT_ONCE
from sandbox.processes import ROOT
from tests.e2e.world import wait_for

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
# What comes out at the other end of what is put in.
COMES_AS = {"wish": "wish", "message": "entry"}
AT_ONCE = 25  # items in a batch of DynamoDB's


class Relay:
    """The relay of one hub. `sources` are its event sources by function."""

    def __init__(self, hub: Deployed) -> None:
        self._hub = hub
        self._name = f"relay-{uuid4().hex[:8]}"
        self._client = httpx.Client(trust_env=False, timeout=60)
        self._url, self.sources, self.queue = self._deploy()
        for kind in COMES_AS:
            self.send(kind, "first")
            wait_for(partial(self.find_arrival, kind, "first"), f"the relay's first {kind}")

    def send(self, kind: str, name: str) -> None:
        """Hand it a `wish` or a `message` of this name."""
        self._client.post(f"{self._url}/{kind}/{name}", json={}).raise_for_status()

    def store(self, kind: str, count: int) -> None:
        """Put so many of this kind into its table at once: a backlog, of which nobody measures how it came."""
        client = self._hub.aws.client("dynamodb")
        for start in range(0, count, AT_ONCE):
            items = [
                {"pk": {"S": str(uuid4())}, "sk": {"S": kind}, "kind": {"S": kind}}
                for _ in range(min(AT_ONCE, count - start))
            ]
            client.batch_write_item(RequestItems={self._name: [{"PutRequest": {"Item": item}} for item in items]})

    def find_arrival(self, kind: str, name: str) -> str:
        """Return when it came out at the other end, nothing if it has not."""
        path = f"^/relay/{COMES_AS[kind]}/classifieds/{name}/"
        found = self._hub.told.ask("accepted", path=path)["items"]
        return str(found[0]["time"]) if found else ""

    def _deploy(self) -> tuple[str, Mapping[str, str], str]:
        """Return its function URL, its event sources and its queue's URL."""
        aws = self._hub.aws
        table = aws.client("dynamodb").create_table(
            TableName=self._name,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]
        sqs = aws.client("sqs")
        queue = sqs.create_queue(QueueName=self._name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        functions = aws.client("lambda")
        settings = {
            "Runtime": "python3.11",  # a label: functions run under the embedded AWS's own interpreter
            "Role": self._create_role(),
            "Code": {"ZipFile": _pack()},
            "Layers": [functions.list_layers()["Layers"][0]["LatestMatchingVersion"]["LayerVersionArn"]],
            "Timeout": 30,
            "MemorySize": 512,
            "Environment": {
                "Variables": {
                    "TABLE_NAME": self._name,
                    "QUEUE_URL": queue,
                    "TARGET": self._hub.endpoints["simulators"]["crm"],
                }
            },
        }
        for handler in ("take", "fold", "queue", "tell"):
            functions.create_function(FunctionName=f"{self._name}-{handler}", Handler=f"app.{handler}", **settings)
            functions.get_waiter("function_active_v2").wait(FunctionName=f"{self._name}-{handler}")
        # As the template's: a batch of the stream by filters, one message of the queue, so many side by side.
        mappings: dict[str, dict[str, Any]] = {
            "fold": {"EventSourceArn": table["LatestStreamArn"], **_records_of("message")},
            "queue": {"EventSourceArn": table["LatestStreamArn"], **_records_of("wish", "entry")},
            "tell": {
                "EventSourceArn": queue_arn,
                "BatchSize": 1,
                "ScalingConfig": {"MaximumConcurrency": MOST_AT_ONCE},
            },
        }
        sources = {
            handler: functions.create_event_source_mapping(FunctionName=f"{self._name}-{handler}", **mapping)["UUID"]
            for handler, mapping in mappings.items()
        }
        taking = functions.create_function_url_config(FunctionName=f"{self._name}-take", AuthType="NONE")
        return aws.function_url(taking["FunctionUrl"]), sources, queue

    def _create_role(self) -> str:
        iam = self._hub.aws.client("iam")
        role: str = iam.create_role(RoleName=self._name, AssumeRolePolicyDocument=_policy(LAMBDA))["Role"]["Arn"]
        iam.put_role_policy(RoleName=self._name, PolicyName="all", PolicyDocument=_policy(EVERYTHING))
        return role


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _records_of(*kinds: str) -> dict[str, Any]:
    """Return how a function reads new items of these kinds from the stream."""
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": list(kinds)}}}}
    return {
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern)}]},
    }


def _pack() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(ROOT / "bench/relay/app.py", "app.py")
        archive.write(ROOT / "bench/bare/floor.py", "floor.py")
    return packed.getvalue()
