"""OLX's notification: validated, its signature checked, written once."""

from __future__ import annotations

import hashlib
import hmac
import time
import zlib
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import UnauthorizedError
from aws_lambda_powertools.event_handler.openapi.params import Header
from aws_lambda_powertools.utilities import parameters
from pydantic import BaseModel, ConfigDict, Field
from shared import conditional_check_failed, logger, table

app = LambdaFunctionUrlResolver(enable_validation=True)
RETENTION = 400 * 86_400


class Notification(BaseModel):
    """The envelope; what it carries is read later."""

    model_config = ConfigDict(extra="allow")

    object_id: str = Field(max_length=256)
    transaction_id: str = Field(max_length=256)
    flow: str | None = None
    event_type: str | None = None
    timestamp: int | None = None
    destination: str | None = None
    data: dict[str, Any] | None = None


@app.post("/")
def receive(notification: Notification, signature: Annotated[str, Header(alias="X-Signature")]) -> Response[None]:
    secret: Any = parameters.get_secret("olx/app", transform="json", max_age=60)
    signed = f"{notification.object_id},{notification.transaction_id}".encode()
    proof = hmac.new(secret["notification_secret"].encode(), signed, hashlib.sha1).hexdigest()
    if not hmac.compare_digest(proof, signature):
        raise UnauthorizedError("the signature does not match")
    said = notification.model_dump_json(exclude={"destination"})
    now = time.time_ns() // 1_000_000
    pk = f"REMOTE#olx#{notification.object_id}"
    try:
        table.put_item(
            Item={
                "pk": pk,
                "sk": f"EVENT#{hashlib.sha256(said.encode()).hexdigest()}",
                "kind": "EVENT",
                "provider": "olx",
                "raw": zlib.compress(app.current_event.decoded_body.encode()),
                "received_at": now,
                "parks": True,
                "expires_at": now // 1000 + RETENTION,
                "due_at": now + 60_000,
                "due_shard": str(zlib.crc32(pk.encode()) % 8),
            },
            ConditionExpression="attribute_not_exists(pk)",
        )
    except conditional_check_failed:
        logger.info("a duplicate")
    return Response(200)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the function URL."""
    return app.resolve(event, context)
