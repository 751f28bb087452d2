"""The layer as `make build` makes it for AWS: python3.13 on arm64, whatever machine builds it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built layer's `python/` folder. The template's own command, with folders of the test's own."""
    build = tmp_path_factory.mktemp("build")
    command = [ROOT / ".venv-sam/bin/sam", "build", "--build-dir", build, "PlacardLayer"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PLACARD_", "MAKE"))}
    settings = {"AWS_DEFAULT_REGION": "eu-west-1", "SAM_CLI_TELEMETRY": "0", "PYTHON": str(ROOT / ".venv/bin/python")}
    done = subprocess.run(command, cwd=ROOT, env=kept | settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return build / "PlacardLayer" / "python"


def test_every_compiled_file_is_of_the_target(layer: Path) -> None:
    compiled = sorted(path.name for path in layer.rglob("*.so"))
    assert compiled, "the layer has compiled dependencies"
    for name in compiled:
        assert "aarch64" in name or name.endswith(".abi3.so"), name
        assert "cpython-313" in name or "abi3" in name, name


def test_every_wheel_is_of_the_target(layer: Path) -> None:
    wheels = {path.parent.name: path.read_text() for path in layer.glob("*.dist-info/WHEEL")}
    assert wheels
    tags = [line.removeprefix("Tag: ") for text in wheels.values() for line in text.splitlines() if "Tag: " in line]
    assert all(tag.endswith("-any") or "aarch64" in tag for tag in tags), tags


def test_the_package_is_in_it_without_tests_or_foreign_bytecode(layer: Path) -> None:
    assert (layer / "placard" / "domain" / "lifecycle.py").exists()
    assert not list(layer.rglob("tests"))
    assert all("cpython-313" in path.name for path in layer.rglob("*.pyc"))
