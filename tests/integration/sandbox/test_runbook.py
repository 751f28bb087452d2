"""docs/runbook.md and the alarms of template.yaml: who is woken at night finds the paragraph, and it speaks of what is there."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ops.__main__ import TOOLS
from tests.template import RESOURCES, ROOT, list_resources

ALARMS = list_resources("AWS::CloudWatch::Alarm")
FILTERS = list_resources("AWS::Logs::MetricFilter")
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
PARTS = ("Means", "Seen", "Look", "Do")
# Metrics of CloudWatch's own namespaces need nothing of ours.
OWN = "Placard"


def anchor(heading: str) -> str:
    """What a heading is called in an address."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def read_paragraphs() -> dict[str, str]:
    """The text below each heading of the alarms' section, by anchor."""
    section = RUNBOOK.partition("\n## Alarms\n")[2]
    return {anchor(part.partition("\n")[0]): part for part in re.split(r"^### ", section, flags=re.MULTILINE)[1:]}


PARAGRAPHS = read_paragraphs()


def list_named(paragraph: str) -> set[str]:
    """The alarms that a paragraph says it is about."""
    listed = paragraph.partition("Alarms: ")[2].partition("\n\n")[0]
    return set(re.findall(r"`(\w+)`", listed))


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_ends_with_its_paragraph_which_names_it(alarm: str) -> None:
    said, _, name = ALARMS[alarm]["AlarmDescription"].partition(" docs/runbook.md#")
    assert said.endswith("."), "what is wrong stands first"
    assert alarm in list_named(PARAGRAPHS[name])


@pytest.mark.parametrize("name", PARAGRAPHS)
def test_a_paragraph_is_of_alarms_that_exist_and_says_all_four_things(name: str) -> None:
    pointing = {one for one, alarm in ALARMS.items() if alarm["AlarmDescription"].endswith(f"#{name}")}
    assert list_named(PARAGRAPHS[name]) == pointing != set()
    assert tuple(re.findall(r"^- \*\*(\w+)\*\*: ", PARAGRAPHS[name], flags=re.MULTILINE)) == PARTS


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        name, _, part = target.partition("#")
        if "://" in target:
            continue
        other = document if not name else document.parent / name
        assert other.exists(), target
        if part:
            headings = re.findall(r"^#+ (.+)$", other.read_text(), flags=re.MULTILINE)
            assert part in map(anchor, headings), target


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_commands_exist_and_take_the_values_they_are_shown_with(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    command = r"(?:`|^    |&& |[A-Z]+=\S+ )make ([a-z]+)((?: [A-Z]+=[^ `]*)*)"
    for target, values in re.findall(command, document.read_text(), flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
        if target in TOOLS:
            (recipe,) = re.findall(rf"-m ops {target} \$\(call GIVEN,([A-Z ]+)\)", makefile)
            assert set(re.findall(r"([A-Z]+)=", values)) <= {*recipe.split(), "STACK", "ENDPOINTS"}, (target, values)


@cache
def list_logged() -> frozenset[str]:
    """The texts of all lines that the hub logs."""
    return frozenset(_read_logged())


def _read_logged() -> Iterator[str]:
    for path in [*ROOT.glob("layers/placard/placard/**/*.py"), *ROOT.glob("functions/*/app.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                owner, text = node.func.value, node.args[0]
                if isinstance(owner, ast.Name) and owner.id in ("logger", "_LOG") and isinstance(text, ast.Constant):
                    yield str(text.value).replace("%s", "x")


def list_matched(pattern: str) -> list[tuple[str, str]]:
    """(member, value) of each comparison in a filter's pattern."""
    return re.findall(r'\$\.(\w+) = "([^"]+)"', pattern)


@pytest.mark.parametrize("name", FILTERS)
def test_a_counted_line_is_one_that_the_hub_writes(name: str) -> None:
    logged = list_logged()
    for member, value in list_matched(FILTERS[name]["FilterPattern"]):
        if member == "message":
            pattern = ".*".join(map(re.escape, value.split("*")))
            assert any(re.fullmatch(pattern, text) for text in logged), value


def test_lines_that_the_runbook_asks_for_are_written() -> None:
    logged = list_logged()
    asked = re.findall(r'message = "([^"]+)"', RUNBOOK) + re.findall(r'"([a-z][^"]+)"(?=[,\]])', RUNBOOK)
    assert asked, "the runbook names lines"
    assert set(asked) <= logged


def test_what_the_dashboard_searches_for_is_counted_somewhere() -> None:
    body = json.loads(re.sub(r"\$\{[^}]+\}", "x", RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Sub"]))
    sources = "".join(path.read_text() for path in [ROOT / "template.yaml", *ROOT.glob("layers/**/relay_changes.py")])
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            names = re.findall(r'MetricName="([^"]+)"', str(metric[0])) if isinstance(metric[0], dict) else []
            assert all(f'"{name}"' in sources or f"MetricName: {name}," in sources for name in names), names
    assert {widget["type"] for widget in body["widgets"]} == {"metric", "log"}


def test_own_metrics_of_alarms_are_counted_somewhere() -> None:
    filtered: dict[str, Any] = {
        one["MetricName"]: name for name, found in FILTERS.items() for one in found["MetricTransformations"]
    }
    for name, alarm in ALARMS.items():
        if alarm["Namespace"] == OWN and "Dimensions" not in alarm:
            assert alarm["MetricName"] in filtered, name
