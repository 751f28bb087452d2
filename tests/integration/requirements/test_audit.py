"""What `make audit` says of pins, asked of a package index on this disk."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from requirements.audit import Audit, audit

INFO = "thing-1.0.dist-info"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "index" / "thing" / "thing-1.0-py3-none-any.whl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as content:
        content.writestr(f"{INFO}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        content.writestr(f"{INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        content.writestr(f"{INFO}/RECORD", "")
    return path


def ask(wheel: Path, *, attributes: str = "", digest: str | None = None) -> Audit:
    wheel.with_name("index.html").write_text(f'<a href="{wheel.name}" {attributes}>{wheel.name}</a>')
    pins = wheel.parents[2] / "pins.txt"
    pins.write_text(f"thing==1.0 --hash=sha256:{digest or hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return audit(pins, "--isolated", "--no-cache-dir", "--index-url", wheel.parents[1].as_uri())


def test_a_pin_that_is_there_as_it_was_is_in_order(wheel: Path) -> None:
    found = ask(wheel)
    assert (found.pins, found.withdrawn, found.broken) == ({"thing": "1.0"}, {}, "")


def test_a_pin_that_its_makers_withdrew_is_named_with_their_reason(wheel: Path) -> None:
    assert ask(wheel, attributes='data-yanked="leaks secrets"').withdrawn == {"thing": "leaks secrets"}


def test_other_bytes_under_the_same_name_are_refused(wheel: Path) -> None:
    assert "HASHES" in ask(wheel, digest="0" * 64).broken
