"""docs/adding-a-portal.md: the places outside its folder where a provider is named, and what template.yaml has for each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from placard.domain.channels import CHANNEL_OF, PROVIDER_OF
from placard.portals.registry import PROVIDERS, calls, publisher_variables, renderer_variables
from tests.portals.casita import lines as casita
from tests.template import GLOBALS, RESOURCES, ROOT, as_list, name_target

DOCUMENT = (ROOT / "docs/adding-a-portal.md").read_text()
PORTALS = ROOT / "layers/placard/placard/portals"
# Where the nodes of a syntax tree keep names and texts.
MEMBERS = ("id", "attr", "name", "arg", "module", "asname", "value")

# --- the places ------------------------------------------------------------------------------------------------------


def list_files() -> Iterator[Path]:
    """Everything that runs in AWS or is an operator's tool."""
    for pattern in ("layers/placard/placard/**/*.py", "functions/*/*", "ops/*.py"):
        yield from (path for path in sorted(ROOT.glob(pattern)) if path.suffix in (".py", ".js", ".html"))


@cache
def read_names(path: Path) -> str:
    """The names and texts of a module, without what is there for its readers alone; of other files the whole text."""
    if path.suffix != ".py":
        return path.read_text()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings: set[int] = set()
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr):
            docstrings.add(id(node.body[0].value))
        if id(node) not in docstrings:
            members = (getattr(node, member, None) for member in MEMBERS)
            found += [text for text in members if isinstance(text, str)]
    return "\n".join(found)


def names(text: str, provider: str) -> bool:
    """Whether a text names a provider, one of its channels or of its portals."""
    channels = {channel for channel, of in PROVIDER_OF.items() if of == provider}
    codes = channels | {portal for portal, channel in CHANNEL_OF.items() if channel in channels}
    return provider in text.lower() or any(re.search(rf"\b{code}\b", text) for code in codes)


def find_places() -> dict[str, set[str]]:
    """Every file outside the providers' own folders that names one of them → those it names."""
    found: dict[str, set[str]] = {}
    for path in list_files():
        own = path.relative_to(PORTALS).parts[0] if path.is_relative_to(PORTALS) else None
        text = read_names(path)
        named = {provider for provider in PROVIDERS if provider != own and names(text, provider)}
        if named:
            found[str(path.relative_to(ROOT))] = named
    return found


def read_places() -> dict[str, set[str]]:
    """The same as the document's table has it. `<provider>` stands for each of the providers named in the last column."""
    found: dict[str, set[str]] = {}
    section = DOCUMENT.partition("\n## Outside its folder\n")[2].partition("\n## ")[0]
    for place, named in re.findall(r"^\| `([^`]+)` \|.*\| ([a-z, ]+) \|$", section, flags=re.MULTILINE):
        for provider in named.split(", "):
            found.setdefault(place.replace("<provider>", provider), set()).add(provider)
    return found


def test_a_provider_is_named_where_the_document_says_and_nowhere_else() -> None:
    assert find_places() == read_places()


def test_the_made_up_provider_is_named_nowhere() -> None:
    """It goes the whole way all the same: what the others have there beyond the two tables, a provider can do without."""
    with casita.plugged_in():
        assert not [path for path in list_files() if names(read_names(path), casita.PROVIDER)]


def test_the_document_names_files_that_are_there() -> None:
    for place in re.findall(r"`((?:[\w<>.-]+/)+(?:[\w<>.-]+\.\w+)?)`", DOCUMENT):
        there = [(ROOT / place.replace("<provider>", provider)).exists() for provider in PROVIDERS]
        assert any(there), place


# --- the template ----------------------------------------------------------------------------------------------------


def variables_of(function: str) -> dict[str, Any]:
    own: dict[str, Any] = RESOURCES[f"{function}Function"]["Properties"]["Environment"]["Variables"]
    return GLOBALS["Environment"]["Variables"] | own


def reads(function: str, queue: str) -> bool:
    events = RESOURCES[f"{function}Function"]["Properties"]["Events"].values()
    return queue in [name_target(event["Properties"]["Queue"]) for event in events if event["Type"] == "SQS"]


def may(function: str, action: str, resource: str) -> bool:
    (policy,) = RESOURCES[f"{function}Role"]["Properties"]["Policies"]
    return any(
        action in as_list(statement["Action"])
        and resource in [name_target(one) for one in as_list(statement["Resource"]) if isinstance(one, dict)]
        for statement in policy["PolicyDocument"]["Statement"]
    )


def check_template(provider: str) -> dict[str, bool]:
    """What a provider needs in template.yaml → whether it is there."""
    title, variable = provider.title(), f"DELIVER_{provider.upper()}_QUEUE_URL"
    queue, dead = f"Deliver{title}Queue", f"Deliver{title}Dlq"
    needs = {
        "a queue and its dead-letter queue": {queue, dead} <= RESOURCES.keys(),
        "their alarms": {f"{queue}AgeAlarm", f"{dead}Alarm"} <= RESOURCES.keys(),
        "the queue as an event source": reads("DeliverPublication", queue),
        "leave to receive from it": may("DeliverPublication", "sqs:ReceiveMessage", queue),
    }
    for sender in ("RelayChanges", "Reconcile"):
        needs[f"the queue's address for {sender}"] = name_target(variables_of(sender).get(variable, {"": ""})) == queue
        needs[f"leave for {sender} to send to it"] = may(sender, "sqs:SendMessage", queue)
    needs["leave to count what waits in it"] = may("Reconcile", "sqs:GetQueueAttributes", queue)
    told = {"PublishClassified": renderer_variables(provider), "DeliverPublication": publisher_variables(provider)}
    if calls(provider):
        # Its own list is compared at night; others have the copy of their sweeps.
        told["Reconcile"] = publisher_variables(provider)
        receiver = f"Receive{title}"
        alarms = {f"{receiver}{alarm}Alarm" for alarm in ("Errors", "Refuses", "Slow")}
        function = RESOURCES.get(f"{receiver}Function", {}).get("Properties", {})
        needs["a receiver with an address of its own"] = "FunctionUrlConfig" in function
        needs["the receiver's alarms"] = alarms <= RESOURCES.keys()
    for function, named in told.items():
        needs[f"its variables for {function}"] = set(named.values()) <= variables_of(function).keys()
    return needs


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_template_has_what_a_provider_needs(provider: str) -> None:
    assert not [need for need, there in check_template(provider).items() if not there]


def test_a_provider_that_the_template_does_not_know_lacks_all_of_it() -> None:
    """Of the variables only what renders: Casita's renderer asks for none."""
    with casita.plugged_in():
        there = [need for need, there in check_template(casita.PROVIDER).items() if there]
    assert there == ["its variables for PublishClassified"]
