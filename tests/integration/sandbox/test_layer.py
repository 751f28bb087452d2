"""The layer as Lambda unpacks it, without what nothing imports: all that a function reaches for must still be in it."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from placard.portals.olx.sites import SITES
from tests.functions import PARTS, environment_of, start_script
from tests.template import ROOT

# What Lambda's own runtime brings.
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The layer, built by its own Makefile for this interpreter, and what comes with the runtime: nothing else."""
    built, runtime = tmp_path_factory.mktemp("layer"), tmp_path_factory.mktemp("runtime")
    targets = [f"ARTIFACTS_DIR={built}", "PLACARD_ARCH=native", f"PYTHON={sys.executable}"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLACARD_", "MAKE", "MFLAGS"))}
    command = ["make", "-C", ROOT / "layers/placard", "build-PlacardLayer", *targets]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in RUNTIME:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (runtime / source.name).symlink_to(source)
    return [built / "python", runtime]


def run(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script without this installation's packages."""
    command = [sys.executable, "-S", "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("function", PARTS)
def test_every_function_starts_from_it(function: str, folders: list[Path]) -> None:
    done = run(start_script(function, *folders), environment_of(function))
    assert done.returncode == 0, done.stderr


# what is only reached for later: a script, and what it writes
LATER = {
    "the zone of each site": (
        """
from zoneinfo import ZoneInfo
from placard.portals.olx.sites import SITES
print(*sorted(ZoneInfo(site.zone).key for site in SITES.values()))
""",
        " ".join(sorted(site.zone for site in SITES.values())),
    ),
    "an error's log line": (
        """
from placard.aws.observability import start_logging
try: 1 / 0
except ZeroDivisionError: start_logging().exception("it broke")
""",
        '"exception_name":"ZeroDivisionError"',
    ),
    "a metric": (
        """
from placard.aws.observability import start_metrics
start_metrics().add_metric(name="Lost", unit="Count", value=1)
start_metrics().flush_metrics()
""",
        '"Lost":[1.0]',
    ),
    "a host with a name of its own script": (
        """
from placard.callbacks.addresses import parse_url
print(parse_url("https://bücher.example/", False).host)
""",
        "xn--bcher-kva.example",
    ),
    "the public authorities": ("import certifi, ssl; ssl.create_default_context(cafile=certifi.where())", ""),
    "a call to a portal": (
        """
import httpx
try: httpx.Client().get("http://127.0.0.1:9/")
except httpx.ConnectError: print("refused")
""",
        "refused",
    ),
}


@pytest.mark.parametrize("what", LATER)
def test_what_is_reached_for_later_is_in_it(what: str, folders: list[Path]) -> None:
    script, written = LATER[what]
    environment = environment_of("deliver_publication") | {"PYTHONTZPATH": ""}
    done = run(f"import sys; sys.path[:0] = {[str(folder) for folder in folders]!r}\n{script}", environment)
    assert done.returncode == 0, done.stderr
    assert written in done.stdout


def test_it_holds_no_more_than_what_is_used(folders: list[Path]) -> None:
    layer = folders[0]
    files = [path for path in layer.rglob("*") if path.is_file() and "placard" not in path.relative_to(layer).parts]
    assert len(files) < 400, "2,000 files of dependencies were unpacked by each worker once"
