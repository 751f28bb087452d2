"""Tables, queues and the key of template.yaml on an AWS of the test's own: read from the template, never retyped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

from tests.template import list_resources

REGION = "eu-west-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


@contextmanager
def serving() -> Iterator[str]:
    """Run an AWS on loopback and yield its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _take_turns(server)
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def _take_turns(server: ThreadedMotoServer) -> None:
    """A write of DynamoDB is atomic; moto checks its condition and writes in two steps, between which another thread may go."""
    web: Any = server._server
    answer, turn = web.app, Lock()

    def one_at_a_time(environ: Any, start_response: Any) -> list[bytes]:
        with turn:
            return list(answer(environ, start_response))

    web.app = one_at_a_time


def create_table(url: str, logical_name: str) -> str:
    """Create one of the template's tables and return the name it was given."""
    properties = list_resources("AWS::DynamoDB::Table")[logical_name]
    wanted: dict[str, Any] = {
        name: properties[name]
        for name in ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
        if name in properties
    }
    stream = properties.get("StreamSpecification")
    if stream is not None:
        wanted["StreamSpecification"] = {"StreamEnabled": True, **stream}
    name = f"{logical_name}-{uuid4()}"
    client = boto3.client("dynamodb", endpoint_url=url, region_name=REGION)
    client.create_table(TableName=name, **wanted)
    expiry = properties.get("TimeToLiveSpecification")
    if expiry is not None:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    return name


def create_queue(url: str, logical_name: str) -> str:
    """Create one of the template's queues, without its dead letters, and return its URL."""
    properties = list_resources("AWS::SQS::Queue")[logical_name]
    plain = {name: str(value) for name, value in properties.items() if not isinstance(value, dict)}
    client = boto3.client("sqs", endpoint_url=url, region_name=REGION)
    created: str = client.create_queue(QueueName=f"{logical_name}-{uuid4()}", Attributes=plain)["QueueUrl"]
    return created


def create_key(url: str) -> str:
    """Create a KMS key and return its ARN."""
    client = boto3.client("kms", endpoint_url=url, region_name=REGION)
    arn: str = client.create_key()["KeyMetadata"]["Arn"]
    return arn
