"""template.yaml as data: a tag such as `!GetAtt A.Arn` becomes `{"GetAtt": "A.Arn"}`."""

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


RESOURCES: dict[str, Any] = read_template()["Resources"]
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
