"""GET of a subscription by a token that may not see its secret: one read."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel
from shared import customer_of, get_item, logger

app = APIGatewayHttpResolver(enable_validation=True)


class Subscription(BaseModel):
    """A subscription as the CRM reads it."""

    url: str
    statuses: list[str]
    liveChanges: bool
    state: str


@app.get("/webhooks")
def get() -> Subscription:
    key = {"pk": f"CUSTOMER#{customer_of(app.current_event)}", "sk": "WEBHOOK"}
    return Subscription.model_validate_json(get_item(key, "no subscription")["state"])


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)
