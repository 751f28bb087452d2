"""AVIV's callback: validated, the token of its path checked, written once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import zlib
from typing import Any

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities import parameters
from pydantic import BaseModel, ConfigDict
from shared import conditional_check_failed, logger, table

app = LambdaFunctionUrlResolver(enable_validation=True)
RETENTION = 400 * 86_400


class MediaStatus(BaseModel):
    """What became of a picture."""

    model_config = ConfigDict(extra="allow")

    url: str
    status: str | None = None


class Status(BaseModel):
    """The callback's body."""

    model_config = ConfigDict(extra="allow")

    portals: list[str] = []
    status: str | None = None
    subStatus: str | None = None
    statusDate: str | None = None
    message: str | None = None
    mediaStatuses: list[MediaStatus] = []


@app.post("/<token>/classifieds/<remote_id>/statuses")
def receive(token: str, remote_id: str, status: Status) -> Response[None]:
    customer = customer_of(token)
    known = [customer, remote_id, sorted(status.portals), status.status, status.subStatus, status.statusDate]
    now = time.time_ns() // 1_000_000
    pk = f"REMOTE#aviv#{remote_id}"
    try:
        table.put_item(
            Item={
                "pk": pk,
                "sk": f"EVENT#{hashlib.sha256(json.dumps(known).encode()).hexdigest()}",
                "kind": "EVENT",
                "provider": "aviv",
                "customer": customer,
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
    return Response(201)


def customer_of(token: str) -> str:
    """Return the customer whose token it is."""
    name, _, mac = token.partition(".")
    customer = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
    secret: Any = parameters.get_secret("aviv/app", transform="json", max_age=60)
    proof = hmac.new(secret["path_key"].encode(), customer, hashlib.sha256).digest()
    if not hmac.compare_digest(base64.urlsafe_b64encode(proof).decode()[:32], mac):
        raise NotFoundError("no such address")
    return customer.decode()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the function URL."""
    return app.resolve(event, context)
