"""POST, PUT and DELETE of a classified: one conditional update each, the answer read off what it returns."""

import hashlib
import json
import time
import zlib
from uuid import UUID, uuid5

import floor

NAMESPACE = UUID("6d1f3c52-5a0c-5f57-9a2b-0a6f0c6e7b11")
SETS = (
    "SET kind = :kind, customer = :customer, accepted_at = :now, changed_at = :changed, change_shard = :shard,"
    " due_at = :due, due_shard = :due_shard, deleted = :deleted, portals = :portals, body = :body, body_hash = :hash,"
    " estate = :estate, revision = if_not_exists(revision, :zero) + :one"
)
CONDITIONS = {
    "POST": "attribute_not_exists(pk) OR deleted = :true",
    "PUT": "attribute_exists(pk) AND customer = :customer AND deleted = :deleted AND body_hash <> :hash",
}


def handler(event, _context):
    method = event["requestContext"]["http"]["method"]
    customer = floor.customer_of(event)
    now = time.time_ns() // 1_000_000
    if method == "DELETE":
        key = {"pk": f"CLASSIFIED#{event['pathParameters']['classifiedId']}", "sk": "CLASSIFIED"}
        values = {":customer": customer, ":true": True, ":false": False, ":now": now, ":due": now + 300_000, ":one": 1}
        update = (
            "SET deleted = :true, accepted_at = :now, due_at = :due, revision = revision + :one REMOVE change_shard"
        )
        return write(key, update, "customer = :customer AND deleted = :false", values)
    body = json.loads(floor.read_body(event))
    source = body["data"]["metaData"]["source"]["offererEstateId"]
    classified_id = (event.get("pathParameters") or {}).get("classifiedId")
    classified_id = classified_id or str(uuid5(uuid5(NAMESPACE, customer), source))
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    key = {"pk": f"CLASSIFIED#{classified_id}", "sk": "CLASSIFIED"}
    shard = str(zlib.crc32(key["pk"].encode()) % 8)
    values = {
        ":kind": "CLASSIFIED",
        ":customer": customer,
        ":now": now,
        ":changed": str(now),
        ":shard": f"{customer}#{shard}",
        ":due": now + 300_000,
        ":due_shard": shard,
        ":deleted": False,
        ":portals": body["portals"],
        ":body": zlib.compress(text),
        ":hash": hashlib.sha256(text).hexdigest(),
        ":estate": source,
        ":zero": 0,
        ":one": 1,
    } | ({":true": True} if method == "POST" else {})
    return write(key, SETS, CONDITIONS[method], values)


def write(key, update, condition, values):
    try:
        item = floor.client.sync_update_item(
            floor.TABLE,
            key,
            update_expression=update,
            condition_expression=condition,
            expression_attribute_values=values,
            return_values="ALL_NEW",
            return_values_on_condition_check_failure=True,
        )[0]
    except floor.core.ConditionalCheckFailedException as error:
        item = error.item
        if item is None:
            return floor.answer(404, {"title": "no such classified"})
        if ":hash" in values and item["body_hash"] != values[":hash"]:
            return floor.answer(409, {"title": "there is one already"})
    classified_id = key["pk"].removeprefix("CLASSIFIED#")
    links = [{"statuses": f"/classifieds/{classified_id}/statuses"}]
    return floor.answer(202, {"classifiedId": classified_id, "links": links, "revision": item["revision"]})
