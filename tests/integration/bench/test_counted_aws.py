"""The AWS of the bench, where a table is so full that moto's own way with transactions would take minutes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from bench.counted_aws import CountedAws
from tests.integration.stores.aws import ENVIRONMENT, create_table

COPIES = 20
ORIGINAL = {"pk": {"S": "CLASSIFIED#a"}, "sk": {"S": "CLASSIFIED"}, "revision": {"N": "1"}}


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    """Return a client, and the name of a table that holds the original and its copies."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    url = CountedAws().listen("test")
    client, table = boto3.client("dynamodb", endpoint_url=url), create_table(url, "Table")
    client.put_item(TableName=table, Item=ORIGINAL)
    order = {"table": table, "pk": "CLASSIFIED#a", "sk": "CLASSIFIED", "count": COPIES}
    httpx.post(f"{url}/_bench/copies", json=order, trust_env=False).raise_for_status()
    yield client, table
    client.delete_table(TableName=table)


def _put(table: str, pk: str, **condition: str) -> dict[str, Any]:
    item = {"pk": {"S": pk}, "sk": {"S": "CLASSIFIED"}, "revision": {"N": "2"}}
    return {"Put": {"TableName": table, "Item": item, **condition}}


def _read(client: Any, table: str) -> dict[str, str]:
    """Return the revision of each classified."""
    pks = [item["pk"]["S"] for item in client.scan(TableName=table)["Items"]]
    return {pk: item["revision"]["N"] for pk in pks for item in _query(client, table, pk)}


def _query(client: Any, table: str, pk: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.query(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": pk}}
    )["Items"]
    return found


def test_a_query_reads_its_partition_in_order(filled: tuple[Any, str]) -> None:
    client, table = filled
    for sk in ("PUBLICATION#2", "PUBLICATION#1"):
        client.put_item(TableName=table, Item={"pk": {"S": "CLASSIFIED#a"}, "sk": {"S": sk}})
    found = _query(client, table, "CLASSIFIED#a")
    assert [item["sk"]["S"] for item in found] == ["CLASSIFIED", "PUBLICATION#1", "PUBLICATION#2"]
    assert _query(client, table, "CLASSIFIED#unknown") == []


def test_a_transaction_on_a_full_table_is_kept_whole(filled: tuple[Any, str]) -> None:
    client, table = filled
    before = _read(client, table)
    copy = next(pk for pk in before if pk != "CLASSIFIED#a")
    client.transact_write_items(TransactItems=[_put(table, copy), _put(table, "CLASSIFIED#new")])
    assert len(before) == 1 + COPIES
    assert _read(client, table) == before | {copy: "2", "CLASSIFIED#new": "2"}


def test_a_refused_transaction_on_a_full_table_is_taken_back_whole(filled: tuple[Any, str]) -> None:
    client, table = filled
    before = _read(client, table)
    copy = next(pk for pk in before if pk != "CLASSIFIED#a")
    refused = _put(table, "CLASSIFIED#a", ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        client.transact_write_items(TransactItems=[_put(table, copy), _put(table, "CLASSIFIED#new"), refused])
    assert _read(client, table) == before
