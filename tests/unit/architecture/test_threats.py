"""docs/threats.md: every threat names the tests that hold it, and they are there."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/threats.md").read_text().splitlines()
    if line.startswith("|") and not line.startswith("|---")
][1:]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def list_tests(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("threat", "defence", "held"), ROWS, ids=lambda cell: cell[:40])
def test_every_threat_is_held_by_tests_that_exist(threat: str, defence: str, held: str) -> None:
    named = TEST.findall(held)
    assert threat and defence and named
    assert TEST.sub("", held).strip(", ") == "", "a row is held by tests alone"
    for path, name in named:
        assert name in list_tests(path), f"{path}::{name}"


def test_the_linter_looks_for_what_bandit_looks_for() -> None:
    """The rules `S` of ruff are bandit's; what the layer and the functions do is excused nowhere but beside the line."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not [rule for rule in lint["ignore"] if rule.startswith("S")]
    excused = {folder for folder, rules in lint["per-file-ignores"].items() if any(r.startswith("S") for r in rules)}
    assert excused == {"tests/**", "sandbox/**", "chaos/**"}, "what runs on a developer's machine alone"
