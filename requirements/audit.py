"""python requirements/audit.py FILE…      (what `make audit` runs)

Asks the configured package index for every pin of these files: whether it is still there with the very bytes that are pinned,
and whether its makers have withdrawn it. 0 when all are; what is known of vulnerabilities needs a database on the internet,
which docs/deploy.md says how to ask.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# As the Makefile installs them, without doing it.
PIP = (
    *("pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run", "--ignore-installed", "--report", "-"),
    *("--no-deps", "--require-hashes", "--only-binary=:all:"),
)
# Pip's own warning; its report says so only since 23.3.
YANKED = re.compile(r"yanked version: '([^']+)' candidate.*?\nReason for being yanked: (.*)")
console = Console(highlight=False)


@dataclass(frozen=True)
class Audit:
    """What the index says of a file's pins: name → version, the withdrawn ones with their reason; `broken` is pip's own word."""

    path: Path
    pins: dict[str, str]
    withdrawn: dict[str, str]
    broken: str = ""


def audit(path: Path, *options: str) -> Audit:
    """Ask about one file; `options` are pip's, such as another index."""
    command = [sys.executable, "-m", *PIP, *options, "-r", str(path)]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if asked.returncode:
        errors = [line for line in asked.stderr.splitlines() if line.startswith("ERROR")]
        return Audit(
            path, {}, {}, errors[-1].removeprefix("ERROR: ") if errors else f"pip ended with {asked.returncode}"
        )
    found: list[dict[str, Any]] = json.loads(asked.stdout)["install"]
    pins = {one["metadata"]["name"]: one["metadata"]["version"] for one in found}
    return Audit(path, pins, dict(YANKED.findall(asked.stderr)))


def main(paths: list[str]) -> int:
    """Show a line for each file, and what is wrong below; return the exit code."""
    if not paths:
        Console(stderr=True).print("Name the files with the pins: make audit asks about all.")
        return 2
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("pins of", "number", "withdrawn", "as pinned"):
        table.add_column(heading, justify="right" if heading in ("number", "withdrawn") else "left")
    audits = []
    for path in paths:
        with console.status(f"asking about {path}"):
            one = audit(Path(path))
        audits.append(one)
        whole = "[red]no[/]" if one.broken else "[green]yes[/]"
        table.add_row(path, str(len(one.pins)), str(len(one.withdrawn)), whole)
    console.print(table)
    for one in audits:
        for name, reason in one.withdrawn.items():
            console.print(
                f"[red]withdrawn[/] {name} {one.pins[name]} ({one.path}): {reason}; pin another one", soft_wrap=True
            )
        if one.broken:
            console.print(f"[red]broken[/] {one.path}: {one.broken}", soft_wrap=True)
    return 1 if any(one.withdrawn or one.broken for one in audits) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
