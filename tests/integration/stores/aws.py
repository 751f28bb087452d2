"""Tables, queues and the key of template.yaml on an AWS of the test's own: read from the template, never retyped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import yaml
from moto.server import ThreadedMotoServer

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
REGION = "eu-west-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


class _Loader(yaml.SafeLoader):
    """Reads `!Ref X` as {"Ref": X} and every other short form likewise."""


def _read_intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    return {tag: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _read_intrinsic)


@cache
def read_template() -> dict[str, Any]:
    """Return the template with its short forms spelt out."""
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a safe loader with one more tag
    return template


def read_resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the template's resources of one type, by logical name."""
    resources = read_template()["Resources"]
    return {name: body.get("Properties", {}) for name, body in resources.items() if body["Type"] == kind}


@contextmanager
def serving() -> Iterator[str]:
    """Run an AWS on loopback and yield its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def create_table(url: str, logical_name: str) -> str:
    """Create one of the template's tables and return the name it was given."""
    properties = read_resources("AWS::DynamoDB::Table")[logical_name]
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
    properties = read_resources("AWS::SQS::Queue")[logical_name]
    plain = {name: str(value) for name, value in properties.items() if not isinstance(value, dict)}
    client = boto3.client("sqs", endpoint_url=url, region_name=REGION)
    created: str = client.create_queue(QueueName=f"{logical_name}-{uuid4()}", Attributes=plain)["QueueUrl"]
    return created


def create_key(url: str) -> str:
    """Create a KMS key and return its ARN."""
    client = boto3.client("kms", endpoint_url=url, region_name=REGION)
    arn: str = client.create_key()["KeyMetadata"]["Arn"]
    return arn
