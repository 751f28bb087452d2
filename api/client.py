"""`make client`: writes the typed Python client, from openapi.yaml and nothing else.

Bodies are TypedDicts, so that JSON stays JSON and members of later releases pass through. What is no list of calls, shapes or
refusals is written by hand: `clients/python/placard_client/runtime.py`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from keyword import iskeyword
from pathlib import Path

import yaml

from api.schemas import Schema

ROOT = Path(__file__).parents[1]
DESCRIPTION = ROOT / "openapi.yaml"
PACKAGE = ROOT / "clients/python/placard_client"
MADE = "Made by `make client` from openapi.yaml: change that, not this."
WIDTH = 110
METHODS = ("get", "post", "put", "delete")
# Headers that a client has once, not at each call.
OF_THE_CLIENT = {"User-Agent", "Customer-Id"}
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def main() -> None:
    for name, text in render_client(yaml.safe_load(DESCRIPTION.read_text())).items():
        (PACKAGE / name).write_text(text)


def render_client(document: Schema) -> dict[str, str]:
    """Return the modules of the package that are made, by file name."""
    modules = {
        "models.py": render_models(document["components"]["schemas"]),
        "errors.py": render_errors(document),
        "client.py": render_calls(document),
    }
    return {name: tidy(name, text) for name, text in modules.items()}


def tidy(name: str, text: str) -> str:
    """Return the text as the project's formatter has it."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    command = [ruff, "format", "--quiet", "--stdin-filename", str(PACKAGE / name)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    return str(done.stdout)


def docstring(*paragraphs: str, indent: str = "    ") -> str:
    """Return a docstring of these paragraphs, those that are empty left out."""
    kept = [textwrap.fill(one, WIDTH) for one in paragraphs if one]
    text = kept[0] if len(kept) == 1 and "\n" not in kept[0] else "\n\n".join(kept) + "\n"
    return textwrap.indent(f'"""{text}"""', indent)


# --- shapes -----------------------------------------------------------------------------------------------------------


def render_models(schemas: dict[str, Schema]) -> str:
    """Return the module of all shapes: a TypedDict for each object, a name for each list of words."""
    written = Models()
    for name, schema in schemas.items():
        written.add(name, schema)
    head = f'"""The JSON that the hub takes and gives. {MADE}"""\n\nfrom __future__ import annotations\n\n'
    imports = "from typing import Any, Literal, NotRequired, Required, TypeAlias, TypedDict\n\n"
    return head + imports + "\n\n".join(written.texts) + "\n"


class Models:
    """Writes shapes; an object inside another is named after both."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, name: str, schema: Schema) -> None:
        """Write one shape by its name, those inside it first."""
        parts = schema.get("allOf")
        if parts:
            bases = ", ".join(to_name(part) for part in parts if "$ref" in part)
            own = {name: one for part in parts for name, one in part.get("properties", {}).items()}
            required = {name for part in parts for name in part.get("required", ())}
            self._write_class(name, bases, own, required, schema.get("description", ""))
        elif "properties" in schema:
            properties, required = schema["properties"], set(schema.get("required", ()))
            if all(one.isidentifier() and not iskeyword(one) for one in properties):
                self._write_class(name, "TypedDict", properties, required, schema.get("description", ""))
            else:
                self._write_call(name, properties, required)
        else:
            self.texts.append(f"{name}: TypeAlias = {self.to_type(schema, name)}")

    def to_type(self, schema: Schema, name: str) -> str:
        """Return the annotation of a schema; `name` is what an object without one is called."""
        if "$ref" in schema:
            return to_name(schema)
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            return f"Literal[{', '.join(map(repr, schema['enum']))}]"
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices:
            return " | ".join(self.to_type(one, f"{name}{number}") for number, one in enumerate(choices, 1))
        if "properties" in schema or "allOf" in schema:
            self.add(name, schema)
            return name
        kind = schema.get("type")
        if isinstance(kind, list):
            return " | ".join(PLAIN[one] for one in kind)
        if kind == "array":
            return f"list[{self.to_type(schema.get('items', {}), f'{name}Item')}]"
        if kind == "object":
            others = schema.get("additionalProperties")
            return f"dict[str, {self.to_type(others, f'{name}Value') if isinstance(others, dict) else 'Any'}]"
        return PLAIN[kind] if kind else "Any"

    def _write_class(
        self, name: str, bases: str, properties: dict[str, Schema], required: set[str], description: str
    ) -> None:
        lines = []
        for member, schema in properties.items():
            annotation = self.to_type(schema, name + capitalise(member))
            if "description" in schema and "properties" not in schema:
                lines += textwrap.wrap(schema["description"], WIDTH, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{member}: {annotation if member in required else f'NotRequired[{annotation}]'}")
        body = ([docstring(description, indent="")] if description else []) + lines
        self.texts.append(f"class {name}({bases}):\n" + textwrap.indent("\n".join(body), "    "))

    def _write_call(self, name: str, properties: dict[str, Schema], required: set[str]) -> None:
        """Members whose names are no names in Python."""
        lines = []
        for member, schema in properties.items():
            need = "Required" if member in required else "NotRequired"
            lines.append(f'{member!r}: {need}["{self.to_type(schema, name + capitalise(member))}"],')
        self.texts.append(f'{name} = TypedDict("{name}", {{\n' + "\n".join(lines) + "\n})")


def to_name(reference: Schema) -> str:
    """Return the name that a reference ends with."""
    return str(reference["$ref"]).rpartition("/")[2]


def capitalise(member: str) -> str:
    """Return a member's name as a part of a class's name."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", member))


# --- refusals ---------------------------------------------------------------------------------------------------------

# RFC 9110's names, written out: those that Python knows differ between its releases.
NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "ContentTooLarge",
    422: "UnprocessableContent",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}
ERRORS = f'''"""What the hub refuses, an exception for each status. {MADE}"""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """The hub's refusal. `problem` is its body, empty where that is no JSON object; `retry_after` is in seconds."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None = None) -> None:
        said = problem.get("detail") or problem.get("message") or problem.get("title") or "no reason given"
        super().__init__(f"{{status}}: {{said}}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after

    @property
    def kind(self) -> str:
        """The end of the problem's `type`, such as `Validation-Error`; empty where it says no more than its status."""
        return str(self.problem.get("type", "")).partition("Errors/")[2]

    @property
    def errors(self) -> list[dict[str, str]]:
        """What is wrong where: `name` is a JSON pointer into the body, or the parameter's or header's name."""
        return list(self.problem.get("errors", []))
'''


def render_errors(document: Schema) -> str:
    """Return the module of exceptions: one for each status that any call refuses with."""
    found: dict[int, str] = {}
    for name, response in document["components"]["responses"].items():
        found.setdefault(int(name[-3:]), response["description"])
    classes = [f"class {name_error(status)}(RefusedError):\n{docstring(found[status])}\n" for status in sorted(found)]
    table = "\n".join(f"{status}: {name_error(status)}," for status in sorted(found))
    return "\n\n".join([ERRORS, *classes, f"BY_STATUS: dict[int, type[RefusedError]] = {{\n{table}\n}}\n"])


def name_error(status: int) -> str:
    """Return the name of a status's exception."""
    return f"{NAMES[status]}Error"


# --- calls ------------------------------------------------------------------------------------------------------------


def render_calls(document: Schema) -> str:
    """Return the module of the client: a method for each call."""
    methods = [
        render_call(f"{method.upper()} {path}", item[method], document["components"])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    text = "\n\n".join(methods)
    names = sorted({word for word in re.findall(r"\b[A-Z]\w+", text) if word in document["components"]["schemas"]})
    return "\n".join(
        [
            f'"""The calls of the hub\'s API. {MADE}"""',
            "",
            "from __future__ import annotations",
            "",
            "from collections.abc import Sequence",
            "from typing import Any, Literal",
            "",
            f"from placard_client.models import {', '.join(names)}",
            "from placard_client.runtime import BaseClient, escape",
            "",
            "",
            "class Client(BaseClient):",
            docstring(
                "Every call of the hub, with the token's customer. A refusal is raised as `errors.RefusedError`."
            ),
            "",
            text,
        ]
    )


def render_call(route: str, operation: Schema, components: Schema) -> str:
    """Return one method. Path parameters and the body come first, all else by name."""
    method, _, path = route.partition(" ")
    given = [components["parameters"][to_name(one)] for one in operation["parameters"]]
    given = [one for one in given if one["name"] not in OF_THE_CLIENT]
    words = {tuple(schema["enum"]): name for name, schema in components["schemas"].items() if "enum" in schema}
    body = operation.get("requestBody")
    arguments = [
        "self",
        *(f"{to_snake(one['name'])}: {annotate(one['schema'], words)}" for one in of_place(given, "path")),
    ]
    if body is not None:
        shape = to_name(body["content"]["application/json"]["schema"])
        arguments.append(f"body: {shape}" if body["required"] else f"body: {shape} | None = None")
    options = [one for one in given if one["in"] != "path"]
    if options:
        arguments += [
            "*",
            *(f"{to_snake(one['name'])}: {annotate(one['schema'], words)} | None = None" for one in options),
        ]
    passed = [f'"{method}"', "f" + repr(re.sub(r"{(\w+)}", lambda found: f"{{escape({to_snake(found[1])})}}", path))]
    if "{" not in path:
        passed[1] = repr(path)
    for place in ("query", "header"):
        pairs = ", ".join(f'"{one["name"]}": {to_snake(one["name"])}' for one in of_place(given, place))
        if pairs:
            passed.append(f"{'headers' if place == 'header' else place}={{{pairs}}}")
    if body is not None:
        passed.append("body=body")
    answer = annotate_answer(operation["responses"])
    called = f"self.call({', '.join(passed)})"
    lines = [called] if answer == "None" else [f"answer: {answer} = {called}", "return answer"]
    said = docstring(f"{operation['summary']}.", operation["description"], indent="")
    head = f"def {to_snake(operation['operationId'])}({', '.join(arguments)}) -> {answer}:"
    inner = textwrap.indent("\n".join([said, *lines]), "    ")
    return textwrap.indent(f"{head}\n{inner}", "    ")


def of_place(parameters: Iterable[Schema], place: str) -> Iterator[Schema]:
    """Yield the parameters of one place: path, query or header."""
    return (one for one in parameters if one["in"] == place)


def annotate(schema: Schema, words: Mapping[tuple[str, ...], str]) -> str:
    """Return the annotation of a parameter, whose schema is never an object's; `words` names lists of them."""
    if schema.get("type") == "array":
        return f"Sequence[{annotate(schema['items'], words)}]"
    return words.get(tuple(schema.get("enum", ())), "") or Models().to_type(schema, "")


def annotate_answer(responses: dict[str, Schema]) -> str:
    """Return the annotation of a call's success."""
    (success,) = (response for status, response in responses.items() if status.startswith("2"))
    content = success.get("content")
    return Models().to_type(content["application/json"]["schema"], "") if content else "None"


def to_snake(name: str) -> str:
    """Return a name of the API as Python spells it."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()


if __name__ == "__main__":
    main()
