"""Each role against the code behind its function: nothing is allowed that no line of it can do.

Read from the code: the parts a function builds (bootstrap), the modules they bring, the calls these make of a table. What a test
run happens to use would be less: rare paths need their rights too.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.integration.sandbox.test_template import FUNCTIONS, granted
from tests.template import ROOT

LAYER = ROOT / "layers/placard"
BOOTSTRAP = ast.parse((LAYER / "placard/bootstrap.py").read_text())
PARTS = {node.name: node for node in BOOTSTRAP.body if isinstance(node, ast.FunctionDef)}
# A call of placard.aws.table.Table: the action it needs.
ACTIONS = {
    "get": "GetItem",
    "put": "PutItem",
    "update": "UpdateItem",
    "delete": "DeleteItem",
    "query": "Query",
    "scan": "Scan",
    "batch_get": "BatchGetItem",
}
# A step of a transaction, by its type.
STEPS = {"put": "PutItem", "update": "UpdateItem", "delete": "DeleteItem", "condition_check": "ConditionCheckItem"}
VAULT = "placard.aws.vault"


def path_of(module: str) -> Path:
    return LAYER / f"{module.replace('.', '/')}.py"


@cache
def list_parts(function: str) -> frozenset[str]:
    """The parts that a function's app builds, with those that they need."""
    folder = FUNCTIONS[function]["CodeUri"]
    waiting = set(re.findall(r"\bbootstrap\.(\w+)", (ROOT / folder / "app.py").read_text()))
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in PARTS and name not in found:
            found.add(name)
            waiting |= {node.id for node in ast.walk(PARTS[name]) if isinstance(node, ast.Name)}
    return frozenset(found)


@cache
def list_modules(function: str) -> frozenset[str]:
    """The modules of placard.aws that those parts bring, with what they import of the same package."""
    imports = [
        node.module or ""
        for part in list_parts(function)
        for node in ast.walk(PARTS[part])
        if isinstance(node, ast.ImportFrom)
    ]
    waiting, found = {name for name in imports if name.startswith("placard.aws.")}, set[str]()
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting |= set(re.findall(r"^from (placard\.aws\.\w+) import", path_of(module).read_text(), re.MULTILINE))
    return frozenset(found - {"placard.aws.table", "placard.aws.engine"})


@cache
def list_possible(module: str) -> frozenset[str]:
    """The actions on a table that a module's lines can lead to."""
    text = path_of(module).read_text()
    calls = re.findall(rf"\btable\.({'|'.join(ACTIONS)})\(", text.replace("_table.", "table."))
    steps = re.findall(rf'(?:"type": |\b_step\()"({"|".join(STEPS)})"', text)
    return frozenset(ACTIONS[call] for call in calls) | frozenset(STEPS[step] for step in steps)


def can_do(function: str) -> dict[str, set[str]]:
    """The actions on each table that a function's code can lead to."""
    modules = list_modules(function)
    on_table = {action for module in modules - {VAULT} for action in list_possible(module)}
    return {"Table.Arn": on_table, "VaultTable.Arn": set(list_possible(VAULT)) if VAULT in modules else set()}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_role_may_do_what_no_code_of_its_function_does(function: str) -> None:
    possible = can_do(function)
    for resource, actions in granted(function).items():
        if resource in possible:
            assert {one.removeprefix("dynamodb:") for one in actions} <= possible[resource], resource


@pytest.mark.parametrize("function", FUNCTIONS)
def test_whoever_opens_secrets_may_use_the_key_for_just_that(function: str) -> None:
    allowed = granted(function)
    vault = {one.removeprefix("dynamodb:") for one in allowed.get("VaultTable.Arn", set())}
    key = {one.removeprefix("kms:") for one in allowed.get("VaultKey.Arn", set())}
    writes = bool(vault & {"PutItem", "UpdateItem"})
    assert key == ({"Decrypt"} if vault else set()) | ({"GenerateDataKey"} if writes else set())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_who_wakes_others_may_send(function: str) -> None:
    senders = {name for name, actions in granted(function).items() if "sqs:SendMessage" in actions}
    failures = (
        {"StreamFailureQueue.Arn"}
        if "DynamoDB" in {e["Type"] for e in FUNCTIONS[function]["Events"].values()}
        else set()
    )
    assert (senders - failures == set()) is ("wake_ups" not in list_parts(function))


def test_a_wildcard_stands_beside_its_reason() -> None:
    lines = (ROOT / "template.yaml").read_text().splitlines()
    wild = [number for number, line in enumerate(lines) if 'Resource: "*"' in line and "Principal" not in line]
    for number in wild:
        above = lines[max(0, number - 9) : number]
        assert any(line.strip().startswith("#") for line in above) or any("KeyPolicy" in line for line in above), number
    assert wild
