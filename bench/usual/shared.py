"""What the usual functions share: the table, the secrets, who calls."""

from __future__ import annotations

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

logger = Logger()
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
conditional_check_failed = table.meta.client.exceptions.ConditionalCheckFailedException


def customer_of(event: APIGatewayProxyEventV2) -> str:
    """Return whom the caller acts for."""
    authorizer = event.request_context.authorizer
    claims = (authorizer.jwt_claim if authorizer else None) or {}
    return event.headers.get("customer-id") or claims["client_id"]


def get_item(key: dict[str, str], missing: str) -> dict[str, Any]:
    """Return an item, read consistently; 404 without one."""
    item = table.get_item(Key=key, ConsistentRead=True).get("Item")
    if item is None:
        raise NotFoundError(missing)
    return item
