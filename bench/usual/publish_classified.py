"""POST, PUT and DELETE of a classified: validated models, Powertools idempotency for the POST."""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from typing import Any
from uuid import UUID, uuid5

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from models import Ack, Classified, Link
from shared import conditional_check_failed, customer_of, get_item, logger, table

app = APIGatewayHttpResolver(enable_validation=True)
persistence = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE_NAME"])
idempotency = IdempotencyConfig(event_key_jmespath="[customer, key]", payload_validation_jmespath="body")
NAMESPACE = UUID("6d1f3c52-5a0c-5f57-9a2b-0a6f0c6e7b11")


@app.post("/classifieds")
def post(classified: Classified) -> Response[Ack]:
    event = app.current_event
    wish = {"customer": customer_of(event), "key": event.headers.get("idempotency-key"), "body": dump(classified)}
    wish["estate"], wish["portals"] = classified.data.metaData.source.offererEstateId, classified.portals
    return acknowledge(**create(wish=wish))


@idempotent_function(data_keyword_argument="wish", config=idempotency, persistence_store=persistence)
def create(wish: dict[str, Any]) -> dict[str, Any]:
    """Store a classified that is not there yet."""
    classified_id = str(uuid5(uuid5(NAMESPACE, wish["customer"]), wish["estate"]))
    item = {
        **key_of(classified_id),
        "kind": "CLASSIFIED",
        "customer": wish["customer"],
        "estate": wish["estate"],
        "revision": 1,
        "deleted": False,
        "portals": wish["portals"],
        **content(wish["body"]),
        **times(classified_id, wish["customer"]),
    }
    try:
        condition = "attribute_not_exists(pk) OR deleted = :true"
        table.put_item(Item=item, ConditionExpression=condition, ExpressionAttributeValues={":true": True})
    except conditional_check_failed as error:
        stored = get_item(key_of(classified_id), "no such classified")
        if stored["body_hash"] != item["body_hash"]:
            raise ServiceError(409, "there is one already") from error
        return {"classified_id": classified_id, "revision": int(stored["revision"])}
    return {"classified_id": classified_id, "revision": 1}


@app.put("/classifieds/<classified_id>")
def put(classified_id: str, classified: Classified) -> Response[Ack]:
    customer = customer_of(app.current_event)
    stored = get_item(key_of(classified_id), "no such classified")
    if stored["customer"] != customer or stored["deleted"]:
        raise NotFoundError("no such classified")
    changed = content(dump(classified)) | {"portals": classified.portals}
    if stored["body_hash"] == changed["body_hash"]:
        return acknowledge(classified_id, int(stored["revision"]))
    changed |= times(classified_id, customer) | {"revision": stored["revision"] + 1}
    try:
        table.update_item(
            Key=key_of(classified_id),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changed),
            ConditionExpression="#revision = :known",
            ExpressionAttributeNames={f"#{name}": name for name in changed},
            ExpressionAttributeValues={f":{name}": value for name, value in changed.items()}
            | {":known": stored["revision"]},
        )
    except conditional_check_failed as error:
        raise ServiceError(409, "another change was first") from error
    return acknowledge(classified_id, int(changed["revision"]))


@app.delete("/classifieds/<classified_id>")
def delete(classified_id: str) -> Response[Ack]:
    customer = customer_of(app.current_event)
    try:
        item = table.update_item(
            Key=key_of(classified_id),
            UpdateExpression="SET deleted = :true, accepted_at = :now, revision = revision + :one REMOVE change_shard",
            ConditionExpression="customer = :customer AND deleted = :false",
            ExpressionAttributeValues={
                ":true": True,
                ":false": False,
                ":one": 1,
                ":customer": customer,
                ":now": time.time_ns() // 1_000_000,
            },
            ReturnValues="ALL_NEW",
        )["Attributes"]
    except conditional_check_failed as error:
        raise NotFoundError("no such classified") from error
    return acknowledge(classified_id, int(item["revision"]))


def key_of(classified_id: str) -> dict[str, str]:
    """Return the key of a classified."""
    return {"pk": f"CLASSIFIED#{classified_id}", "sk": "CLASSIFIED"}


def dump(classified: Classified) -> str:
    """Return the body as it was sent, in one spelling."""
    return classified.model_dump_json(exclude_unset=True)


def content(body: str) -> dict[str, Any]:
    """Return the members that hold a body."""
    return {"body": zlib.compress(body.encode()), "body_hash": hashlib.sha256(body.encode()).hexdigest()}


def times(classified_id: str, customer: str) -> dict[str, Any]:
    """Return the members that the indexes read."""
    now = time.time_ns() // 1_000_000
    shard = str(zlib.crc32(classified_id.encode()) % 8)
    changes = {"accepted_at": now, "changed_at": str(now), "change_shard": f"{customer}#{shard}"}
    return changes | {"due_at": now + 300_000, "due_shard": shard}


def acknowledge(classified_id: str, revision: int) -> Response[Ack]:
    """Return V4's answer to a wish taken."""
    links = [Link(statuses=f"/classifieds/{classified_id}/statuses")]
    ack = Ack(classifiedId=classified_id, links=links, revision=revision)
    return Response(202, content_type="application/json", body=ack)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer API Gateway."""
    idempotency.register_lambda_context(context)
    return app.resolve(event, context)
