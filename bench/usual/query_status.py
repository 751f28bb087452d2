"""GET of a classified: one query for it and its publications."""

from __future__ import annotations

import json
import zlib
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from boto3.dynamodb.conditions import Key
from models import Classified
from pydantic import BaseModel
from shared import customer_of, logger, table

app = APIGatewayHttpResolver(enable_validation=True)


class Advert(BaseModel):
    """What a portal shows."""

    live: bool | None = None
    url: str | None = None


class Entry(BaseModel):
    """A portal's latest status."""

    statusId: str
    status: str
    creationDate: str
    portals: list[str]
    message: str | None = None
    revision: int
    advert: Advert | None = None


class Shown(Classified):
    """A classified as the CRM reads it."""

    classifiedId: str
    revision: int
    latest: list[Entry]


@app.get("/classifieds/<classified_id>")
def get(classified_id: str) -> Shown:
    condition = Key("pk").eq(f"CLASSIFIED#{classified_id}") & Key("sk").lte("PUBLICATION#~")
    items = table.query(KeyConditionExpression=condition, ConsistentRead=True)["Items"]
    if not items or items[0]["customer"] != customer_of(app.current_event) or items[0]["deleted"]:
        raise NotFoundError("no such classified")
    classified, *publications = items
    body = json.loads(zlib.decompress(classified["body"].value))
    latest = [Entry.model_validate_json(publication["latest"]) for publication in publications]
    return Shown(**body, classifiedId=classified_id, revision=int(classified["revision"]), latest=latest)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)
