"""GET of a customer's listing processes: one query, one page."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from boto3.dynamodb.conditions import Key
from pydantic import BaseModel, Field
from shared import customer_of, logger, table

app = APIGatewayHttpResolver(enable_validation=True)


class State(BaseModel):
    """A state as the portal spells it."""

    state: str


class Process(BaseModel):
    """One process."""

    id: int
    locator: str | None
    accountId: str | None
    propertyId: str | None
    agentId: str | None
    state: State


class Page(BaseModel):
    """A HAL page."""

    count: int
    total: int
    links: dict[str, dict[str, str]] = Field(serialization_alias="_links")
    embedded: dict[str, list[Process]] = Field(serialization_alias="_embedded")


@app.get("/listing-processes")
def get(page: Annotated[int, Query(ge=1)] = 1) -> Page:
    condition = Key("pk").eq(f"CUSTOMER#{customer_of(app.current_event)}") & Key("sk").begins_with("PROCESS#")
    rows = table.query(KeyConditionExpression=condition, ConsistentRead=True)["Items"]
    processes = [Process.model_validate_json(row["state"]) for row in rows]
    shown = processes[(page - 1) * 100 : page * 100]
    last = max(1, -(-len(processes) // 100))
    pages = {"self": page, "first": 1, "last": last}
    links = {name: {"href": f"/listing-processes?page={number}"} for name, number in pages.items()}
    return Page(count=len(shown), total=len(processes), links=links, embedded={"sah:listing-processes": shown})


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer API Gateway."""
    return app.resolve(event, context)
