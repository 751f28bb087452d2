"""Deploys the bare relay beside the hub, on the same embedded AWS: a table with a stream, a queue, three functions."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import httpx

from bench.hub import Hub, wait_for
from bench.stage import ROOT

RUNTIME = "python3.11"  # a label: functions run under the embedded AWS's own interpreter
EVERYONE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class Relay:
    """The relay of one hub. `name` tells it from those of other runs."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.name = f"relay-{uuid4().hex[:8]}"
        self._url = self._deploy()
        warm = f"{self.name}-first"
        for kind in ("wish", "message"):
            self.send(kind, warm)
            wait_for(lambda kind=kind: self.arrival(kind, warm), "the relay's first call")

    def send(self, kind: str, name: str) -> None:
        """Hand it a `wish` or a `message` of this name."""
        httpx.post(f"{self._url}/{kind}/{name}", json={}, trust_env=False, timeout=60).raise_for_status()

    def arrival(self, kind: str, name: str) -> str | None:
        """Return when it came out at the other end, None if it has not."""
        path = f"^/relay/{'entry' if kind == 'message' else kind}/{name}$"
        calls = self._hub.look("crm", "calls", path=path)["items"]
        return str(calls[0]["time"]) if calls else None

    def _deploy(self) -> str:
        aws = self._hub.aws
        table = aws.client("dynamodb").create_table(
            TableName=self.name,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]
        sqs = aws.client("sqs")
        queue = sqs.create_queue(QueueName=self.name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        iam = aws.client("iam")
        role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(LAMBDA))["Role"]["Arn"]
        iam.put_role_policy(RoleName=self.name, PolicyName="all", PolicyDocument=json.dumps(EVERYONE))
        functions = aws.client("lambda")
        layer = functions.list_layers()["Layers"][0]["LatestMatchingVersion"]["LayerVersionArn"]
        variables = {"TABLE_NAME": self.name, "QUEUE_URL": queue, "TARGET": self._hub.endpoints["simulators"]["crm"]}
        for handler in ("take", "pass_on", "tell"):
            functions.create_function(
                FunctionName=f"{self.name}-{handler}",
                Runtime=RUNTIME,
                Role=role,
                Handler=f"app.{handler}",
                Code={"ZipFile": _zip()},
                Layers=[layer],
                Timeout=30,
                MemorySize=512,
                Environment={"Variables": variables},
            )
        stream: dict[str, Any] = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 100}
        for handler, source, more in (
            ("pass_on", table["LatestStreamArn"], stream),
            ("tell", queue_arn, {"BatchSize": 1}),
        ):
            function = f"{self.name}-{handler}"
            functions.create_event_source_mapping(FunctionName=function, EventSourceArn=source, **more)
        taking = functions.create_function_url_config(FunctionName=f"{self.name}-take", AuthType="NONE")
        return aws.function_url(taking["FunctionUrl"].rstrip("/"))


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(ROOT / "bench/relay/app.py", "app.py")
        archive.write(ROOT / "bench/bare/floor.py", "floor.py")
    return packed.getvalue()
