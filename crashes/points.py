"""Every place in the layer that calls AWS, a portal or a CRM, read from the code itself.

A site is named as `sandbox/injector/crash_points.py` names it while a function runs: `module.Class.method.operation`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

LAYER = Path(__file__).parents[1] / "layers" / "placard" / "placard"
# Site → the ways that passed it when the whole campaign ran last.
PASSED = Path(__file__).parent / "passed.json"
FOLDERS = ("aws", "portals", "callbacks")
TABLE_CALLS = frozenset({"get", "put", "update", "delete", "query", "scan", "batch_get", "transact"})

# Sites at which no function is cut off, and why.
NOT_CUT_OFF = {
    "aws.dead_letters": "the operator's redrive runs on a person's machine, not in a function",
}


def list_sites() -> dict[str, str]:
    """Every site of the layer → where it stands in the code, `path:line`."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in sorted((LAYER / folder).rglob("*.py")):
            module = ".".join(path.relative_to(LAYER).with_suffix("").parts).removesuffix(".__init__")
            for name, call in _calls(ast.parse(path.read_text()), ()):
                operation = _operation(module, call)
                if operation is not None:
                    found[f"{module}.{name}.{operation}"] = f"{path.relative_to(LAYER.parent)}:{call.lineno}"
    return found


def why_not(site: str) -> str | None:
    """Why nobody is cut off at a site, None where somebody has to be."""
    return next((reason for name, reason in NOT_CUT_OFF.items() if site == name or site.startswith(f"{name}.")), None)


def _calls(node: ast.AST, within: tuple[str, ...]) -> Iterator[tuple[str, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield from _calls(child, (*within, child.name))
            continue
        if isinstance(child, ast.Call):
            yield ".".join(within), child
        yield from _calls(child, within)


def _operation(module: str, call: ast.Call) -> str | None:
    """What a call asks of the world, None where it stays in the process."""
    if not isinstance(call.func, ast.Attribute):
        return None
    owner, name = ast.unparse(call.func.value), call.func.attr
    if module.startswith("aws."):
        if owner in ("table", "self._table") and name in TABLE_CALLS:
            return name
        if owner == "self._encryptor":
            return name
        if module == "aws.dead_letters" and owner == "self._client":
            return name
        return "send_message_batch" if (module, owner, name) == ("aws.queues", "self", "_send") else None
    if module.startswith("callbacks."):
        return "exchange" if (owner, name) == ("self", "_exchange") else None
    caller = owner.rpartition(".")[2]
    return "call" if module != "portals.base" and name == "call" and caller in ("turn", "wire", "_wire") else None
