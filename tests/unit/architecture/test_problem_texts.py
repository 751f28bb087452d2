"""No problem text outside the catalogue, and every wording given the values it names: read from the code itself."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from placard.domain.causes import Cause

ROOT = Path(__file__).parents[3]
LAYER = ROOT / "layers/placard/placard"
CATALOGUE = LAYER / "domain/problems.py"
MODULES = sorted({*LAYER.rglob("*.py"), *(ROOT / "functions").glob("*/app.py")} - {CATALOGUE})
# Whatever takes a cause and the values of its wording.
MAKERS = ("of", "refuse")
EVERY_MODULE = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def _knows_problems(path: Path) -> bool:
    return "from placard.domain.problems import" in path.read_text()


def _is_of_problem(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and (function.value.id, function.attr) == ("Problem", "quote")
    )


@EVERY_MODULE
def test_a_problem_is_made_of_a_cause_or_of_the_portals_words(path: Path) -> None:
    for call in _calls(path):
        if isinstance(call.func, ast.Name) and call.func.id == "Problem" and _knows_problems(path):
            pytest.fail(f"line {call.lineno}: a problem's words stand in domain/causes.py; use Problem.of or .quote")
        if _is_of_problem(call.func):
            said = call.args[1]
            texts = [node for node in ast.walk(said) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
            assert not [text for text in texts if " " in text.value.strip()], f"line {call.lineno}: {ast.unparse(said)}"


@EVERY_MODULE
def test_every_wording_is_given_the_values_it_names(path: Path) -> None:
    """A value forgotten would break the very moment in which something is wrong already."""
    for call in _calls(path):
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in MAKERS and call.args):
            continue
        named = ast.unparse(call.args[0])
        if not named.startswith("Cause."):
            continue
        wording = Cause[named.removeprefix("Cause.")].wording
        wanted = {name for _, name, _, _ in string.Formatter().parse(wording) if name is not None}
        assert {keyword.arg for keyword in call.keywords} == wanted, f"line {call.lineno}: {ast.unparse(call)}"
