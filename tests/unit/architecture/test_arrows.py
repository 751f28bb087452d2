"""The arrows between the folders (design, section 6), read from the imports themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LAYER = ROOT / "layers" / "placard"

# folder: what its modules may import of ours. A folder may always import itself.
ALLOWED: dict[str, tuple[str, ...]] = {
    "placard.domain": (),
    "placard.ports": ("placard.domain",),
    "placard.use_cases": ("placard.domain", "placard.ports"),
    "placard.portals": ("placard.domain", "placard.ports"),
    "placard.aws": ("placard.domain", "placard.ports"),
    "placard.callbacks": ("placard.domain", "placard.ports"),
    "placard.bootstrap": ("placard",),
    # A function knows the edges of AWS that hand it its event, and nothing behind them.
    "functions": (
        "placard.bootstrap",
        "placard.ports",
        "placard.use_cases",
        "placard.aws.http_api",
        "placard.aws.http_hal",
        "placard.aws.receiver_api",
        "placard.aws.streams",
        "placard.aws.queues",
        "placard.aws.observability",
    ),
}
# Only these packages of others may be imported where the folder says so.
FOREIGN = {
    "boto3": "placard.aws",
    "botocore": "placard.aws",
    "pydynox": "placard.aws",
    "httpx": "placard.portals",
    "httpcore": "placard.callbacks",
    "standardwebhooks": "placard.callbacks",
}


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted((LAYER / "placard").rglob("*.py")):
        yield ".".join(path.relative_to(LAYER).with_suffix("").parts).removesuffix(".__init__"), path
    for path in sorted((ROOT / "functions").glob("*/app.py")):
        yield f"functions.{path.parent.name}.app", path


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_below(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}.")


def _folder(module: str) -> str | None:
    return next((folder for folder in ALLOWED if _is_below(module, folder)), None)


@pytest.mark.parametrize(
    ("module", "path"), list(_modules()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_module_imports_only_what_its_folder_may(module: str, path: Path) -> None:
    folder = _folder(module)
    if folder is None:
        assert module == "placard", f"{module} lies in no folder of the design"
        return
    for name in _imports(path):
        if _is_below(name, "placard"):
            allowed = (folder, *ALLOWED[folder])
            assert any(_is_below(name, other) for other in allowed), f"{module} imports {name}"
        home = FOREIGN.get(name.partition(".")[0])
        assert home is None or _is_below(module, home), f"{module} imports {name}"


def test_no_portal_knows_another() -> None:
    for module, path in _modules():
        parts = module.split(".")
        if parts[:2] != ["placard", "portals"] or len(parts) < 4:
            continue
        for name in _imports(path):
            other = name.split(".")
            foreign = (
                other[:2] == ["placard", "portals"] and (ROOT / "layers/placard/placard/portals" / other[2]).is_dir()
            )
            assert not foreign or other[2] == parts[2], f"{module} imports {name}"


def test_the_core_reads_no_clock_and_does_no_input() -> None:
    forbidden = {"os", "time", "random", "socket", "logging", "pathlib", "asyncio", "threading", "urllib", "http"}
    for module, path in _modules():
        if _is_below(module, "placard.domain"):
            assert not {name.partition(".")[0] for name in _imports(path)} & forbidden, module
