"""The sandbox from a terminal.

    python -m sandbox up                start the hub on this machine and leave it running
    python -m sandbox down              end it
    python -m sandbox console           sign in to its console
    python -m sandbox env               its addresses and client, for a shell to evaluate
    python -m sandbox with MODULE …     run a module beside the hub, started for it unless it runs already

SANDBOX_PORT moves the embedded AWS (4566); ENDPOINTS names another sandbox's endpoints.json to `env`.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from sandbox.console import open_in_browser, sign_in_address
from sandbox.errors import SandboxError
from sandbox.hub import DEFAULT_PORT, STATE, Endpoints, read_endpoints, running_hub, start_hub, stop_hub
from sandbox.processes import ROOT

console = Console(highlight=False)
API_PAGE = ROOT / "docs" / "api.html"


@contextmanager
def show_step(name: str) -> Iterator[None]:
    """Name a step while it runs and its time when it is done."""
    start = time.monotonic()
    with console.status(name):
        yield
    console.print(f"[green]✓[/] {name} [dim]{time.monotonic() - start:.1f} s[/]")


def chosen_port() -> int:
    """SANDBOX_PORT, or the default."""
    value = os.environ.get("SANDBOX_PORT") or str(DEFAULT_PORT)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SandboxError(f"SANDBOX_PORT must be a port number, not {value!r}.")
    return int(value)


def bring_up() -> int:
    endpoints = start_hub(chosen_port(), step=show_step)
    console.print(
        f"The hub is at {endpoints['api_url']}, its calls are described at {API_PAGE.as_uri()}\n"
        f"Everything else is in {STATE.name}/endpoints.json. `make down` ends it.",
        soft_wrap=True,
    )
    return show_console(endpoints)


def show_console(endpoints: Endpoints | None) -> int:
    if endpoints is None:
        raise SandboxError("The sandbox is not running: start it with `make up`.")
    address = sign_in_address(endpoints)
    opened = open_in_browser(address)
    console.print(
        f"The console, signed in for an hour (`make console` gives a fresh address)\n{address}", soft_wrap=True
    )
    if opened:
        console.print("It opens in your browser.")
    return 0


def show_environment() -> int:
    """The sandbox as variables of a shell: docs/for-crm-developers.md."""
    named = os.environ.get("ENDPOINTS")
    endpoints = read_endpoints(Path(named).parent if named else STATE)
    if endpoints is None:
        raise SandboxError("The sandbox is not running: start it with `make up`.")
    values = {name.upper(): endpoints[name] for name in ("api_url", "token_url", "client_id", "client_secret")}
    for name, value in (values | {"CRM_SIMULATOR": endpoints["simulators"]["crm"]}).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def bring_down() -> int:
    console.print("The sandbox is down." if stop_hub() else "The sandbox is not running.")
    return 0


def run_with_hub(module: list[str]) -> int:
    with running_hub(chosen_port(), step=show_step):
        return subprocess.run([sys.executable, "-m", *module], check=False).returncode


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # so that what was started is ended
    try:
        match sys.argv[1:]:
            case ["up"]:
                return bring_up()
            case ["down"]:
                return bring_down()
            case ["console"]:
                return show_console(read_endpoints())
            case ["env"]:
                return show_environment()
            case ["with", *module] if module:
                return run_with_hub(module)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except SandboxError as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError, httpx.HTTPError) as error:
        print(
            f"The embedded AWS or a simulator did not answer ({error}): see the logs in {STATE.name}.", file=sys.stderr
        )
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
