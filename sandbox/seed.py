"""Fills the sandbox's vault with what the simulators accept: what an operator stores for real portals.

    python -m sandbox.seed CUSTOMER     with the layer on the path, and a function's variables in the environment

Secrets are stored by Placard's own code, which finds AWS and the vault in the environment; so it runs as a process of
its own, and says what `endpoints.json` needs in one JSON line.
"""

import json
import secrets
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.embedded_aws import EmbeddedAws
from sandbox.errors import SandboxError
from sandbox.processes import ROOT, clean_environment, require_tool

LAYER = ROOT / "layers" / "placard"
OLX_APP = {"client_id": "hub-demo-client", "client_secret": "hub-demo-secret", "api_key": "hub-demo-api-key"}
OLX_CHANNELS = ("imovirtual", "otodom", "storia", "olxro")
AVIV_APP = {"client_id": "hub-client-id", "client_secret": "hub-client-secret"}
INTERMEDIARY = "RC-000123"
SPOTAHOME_ACCOUNT = {
    "email": "feeds@agency.example",
    "password": "not-a-real-password",
    "owner_id": "7d0f3c52-1b64-4e0a-9a35-5f1c2ab80e11",
}


@dataclass(frozen=True)
class Proofs:
    """What proves a portal's callbacks: the secret OLX signs with, the token in AVIV's path and the key it is made with."""

    olx_notification: str
    aviv_token: str
    aviv_path_key: str


def seed_vault(aws: EmbeddedAws, *, table_name: str, key_id: str, customer: str) -> Proofs:
    """Store every portal's credentials for `customer`, with new secrets of our own; `SandboxError` when that fails."""
    vault = {"VAULT_TABLE_NAME": table_name, "VAULT_KEY_ID": key_id}
    finished = subprocess.run(
        [require_tool(".venv", "python"), "-m", "sandbox.seed", customer],
        cwd=ROOT,
        env=clean_environment({**aws.environment, **vault, "PYTHONPATH": str(LAYER)}),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        reason = (finished.stderr.strip() or "no reason given").splitlines()[-1]
        raise SandboxError(f"The vault could not be filled: {reason}")
    return Proofs(**json.loads(finished.stdout))


def list_secrets(customer: str, notification_secret: str, path_key: str) -> dict[str, dict[str, Any]]:
    """Every secret by its name in the vault. Each OLX channel is an account of its own: a refresh token works once."""
    listed: dict[str, dict[str, Any]] = {
        "olx/app": {**OLX_APP, "notification_secret": notification_secret},
        "aviv/app": {**AVIV_APP, "path_key": path_key},
        f"aviv/accounts/{customer}": {"main": {"intermediary_id": INTERMEDIARY}},
        f"spotahome/accounts/{customer}": {"main": SPOTAHOME_ACCOUNT},
    }
    for number, channel in enumerate(OLX_CHANNELS, 1):
        token = {"access_token": "", "refresh_token": f"demo-refresh-token-{number}", "expires_at": 0}
        listed[f"olx/accounts/{customer}/{channel}"] = {"main": {}}
        listed[f"olx/token/{customer}/{channel}/main"] = token
    return listed


def main() -> None:
    # Only this process has the layer on its path.
    from placard import bootstrap  # noqa: PLC0415
    from placard.portals.aviv.paths import make_token  # noqa: PLC0415

    customer, vault = sys.argv[1], bootstrap.credentials()
    notification_secret, path_key = secrets.token_hex(32), secrets.token_urlsafe(32)
    for name, value in list_secrets(customer, notification_secret, path_key).items():
        if not vault.write(name, value, 0):
            sys.exit(f"{name} is there already")
    proofs = Proofs(notification_secret, make_token(customer, path_key), path_key)
    print(json.dumps(asdict(proofs)))


if __name__ == "__main__":
    main()
