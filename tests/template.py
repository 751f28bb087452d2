"""template.yaml as data: a tag such as `!GetAtt A.Arn` becomes `{"GetAtt": "A.Arn"}`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags."""


def read_tag(loader: Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            return {name: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
    raise ValueError(f"!{name} of a mapping")


Loader.add_multi_constructor("!", read_tag)


def read_template() -> dict[str, Any]:
    template: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader)  # noqa: S506 - a SafeLoader
    return template


def expand(members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every member, those of an `Fn::ForEach` once for each value of its collection."""
    for name, member in members.items():
        if not name.startswith("Fn::ForEach::"):
            yield name, member
            continue
        identifier, values, fragment = member
        for value in values:
            yield from expand(substitute(fragment, identifier, value))


def substitute(node: Any, identifier: str, value: str) -> Any:
    """What a loop makes of its fragment: `${X}` in keys and `!Sub`, `!Ref X`, and a Ref to a name that was put together."""
    match node:
        case {"Ref": name} if name == identifier:
            return value
        case {"Sub": str(text)}:
            return {"Sub": text.replace(f"${{{identifier}}}", value)}
        case {"Ref": {"Sub": str(text)}}:
            return {"Ref": text.replace(f"${{{identifier}}}", value)}
        case {"GetAtt": [target, str(member)]}:
            return {"GetAtt": f"{substitute(target, identifier, value)}.{member}"}
        case dict():
            keys = {key: key.replace(f"${{{identifier}}}", value) for key in node}
            return {keys[key]: substitute(member, identifier, value) for key, member in node.items()}
        case list():
            return [substitute(member, identifier, value) for member in node]
    return node


RESOURCES: dict[str, Any] = dict(expand(read_template()["Resources"]))
PARAMETERS: dict[str, Any] = read_template()["Parameters"]
GLOBALS: dict[str, Any] = read_template()["Globals"]["Function"]


def list_resources(kind: str) -> dict[str, dict[str, Any]]:
    """Properties of every resource of this type, by logical id."""
    return {name: one.get("Properties", {}) for name, one in RESOURCES.items() if one["Type"] == kind}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def name_target(reference: Any) -> str:
    """The logical id that a `!Ref` or `!GetAtt` points at."""
    (name,) = reference.values()
    return str(name).partition(".")[0]
