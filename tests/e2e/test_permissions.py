"""Each role's permissions against what all these tests used: nothing is allowed that no function needs.

Runs last, and only where every end-to-end test is asked for: a part of them uses a part of the rights.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.embedded_aws import PERMISSIONS_USED
from sandbox.permissions import SEND, SEND_BATCH
from tests.e2e.conftest import HUB_STATE
from tests.template import as_list, list_resources

HERE = Path(__file__).parent
ROLES = list_resources("AWS::IAM::Role")
# What Lambda itself does with a function's role, which the embedded AWS does without: it polls, logs and traces.
BY_LAMBDA = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "logs:",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "xray:",
)
# What no test on a running hub leads to; the code behind it is held against the role by test_roles.
NOT_DONE_HERE = {
    # A message that breaks its fold goes to the retry queue: nothing that a portal says breaks one.
    "ApplyEventsRole": frozenset({"sqs:SendMessage"}),
}


def list_allowed(role: str) -> set[str]:
    """The actions that a role's policies name."""
    statements = [one for policy in ROLES[role].get("Policies", ()) for one in policy["PolicyDocument"]["Statement"]]
    return {action for statement in statements for action in as_list(statement["Action"])}


@pytest.fixture(scope="module")
def used(hub: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, set[str]]:
    """The actions that each role was allowed so far, by its logical id."""
    asked = {item.path.name for item in request.session.items}
    if not {path.name for path in HERE.glob("test_*.py")} <= asked:
        pytest.skip("a part of the tests uses a part of the rights")
    found: dict[str, set[str]] = {role: set() for role in ROLES}
    for line in (HUB_STATE / PERMISSIONS_USED).read_text().splitlines():
        name, action = line.split()
        role = re.fullmatch(r"placard-(\w+)-\w+", name)
        if role is not None and role[1] in found:
            # SQS judges a batch as it judges each of its messages (sandbox/permissions.py).
            found[role[1]].add(SEND if action == SEND_BATCH else action)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_do_is_done(used: dict[str, set[str]], role: str) -> None:
    allowed = {action for action in list_allowed(role) if not action.startswith(BY_LAMBDA)}
    assert sorted(allowed - used[role] - NOT_DONE_HERE.get(role, frozenset())) == []


def test_no_excuse_is_out_of_date(used: dict[str, set[str]]) -> None:
    assert {role: actions & used[role] for role, actions in NOT_DONE_HERE.items() if actions & used[role]} == {}
