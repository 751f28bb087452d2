"""An agency's consent at the simulated Imovirtual, as a person gives it through `make connect`."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from sandbox.processes import ROOT

SECONDS = 60


def give_consent(endpoints: Path, customer: str, code: str) -> "subprocess.CompletedProcess[str]":
    """Follow the page and hand back the address that the browser was sent to, with this code; returns how the tool ended.

    `endpoints` is the hub's `endpoints.json`. Which codes there are and whose: `sandbox/simulators/olx_accounts.py`.
    """
    words = ["PORTAL=imovirtual", f"CUSTOMER={customer}", f"ENDPOINTS={endpoints}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers/placard"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "ops", "connect", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as asking:
        assert asking.stdin is not None and asking.stdout is not None
        page = next((line for line in asking.stdout if line.startswith("https://")), "")
        state = parse_qs(urlsplit(page.strip()).query).get("state", [""])[0]
        said, complaint = asking.communicate(f"https://crm.example/back?code={code}&state={state}\n", timeout=SECONDS)
    return subprocess.CompletedProcess(command, asking.returncode, said, complaint)
