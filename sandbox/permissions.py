"""Carries the roles' permission to send over to ministack's name for it.

In AWS, SQS judges SendMessageBatch by the action `sqs:SendMessage`; ministack 1.5 asks for an action of the call's own
name, which AWS does not know and the template therefore does not name.
"""

import json
from typing import Any

from sandbox.embedded_aws import EmbeddedAws
from sandbox.stack import Stack

SEND, SEND_BATCH = "sqs:SendMessage", "sqs:SendMessageBatch"


def permit_batches(aws: EmbeddedAws, stack: Stack) -> None:
    """Where a role may send a message to a queue, let it send several to that queue."""
    iam: Any = aws.client("iam")
    roles = [name for name, one in stack.template["Resources"].items() if one["Type"] == "AWS::IAM::Role"]
    for role in (stack.resources[name] for name in roles):
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            if widen(document["Statement"]):
                iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def widen(statements: list[dict[str, Any]]) -> bool:
    """Add the batch's action to the statements that allow the single one; whether any does."""
    sending = [statement for statement in statements if SEND in as_list(statement["Action"])]
    for statement in sending:
        statement["Action"] = [*as_list(statement["Action"]), SEND_BATCH]
    return bool(sending)


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
