"""The hub on this machine: embedded AWS, the real template, simulators of the portals, `endpoints.json`."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from shutil import rmtree
from typing import Any

import httpx

from sandbox.concurrency import limit_concurrency
from sandbox.embedded_aws import ACCESS_KEY, REGION, EmbeddedAws, start_embedded_aws
from sandbox.errors import SandboxError
from sandbox.first_calls import make_first_calls
from sandbox.permissions import permit_batches
from sandbox.processes import ROOT, await_url, end_groups, free_port, living_groups, require_tool, start_process
from sandbox.routes import register_routes
from sandbox.seed import seed_vault
from sandbox.stack import Stack, build_stack, deploy_stack

STATE = ROOT / ".sandbox"
DEFAULT_PORT = 4566
TICK_SECONDS = 10
# log: the function whose schedule is finer here, and the event it is called with.
TICKING = {
    "reconcile.log": ("ReconcileFunction", "{}"),
    "sweeps.log": ("PollSpotahomeFunction", '{"sweep": "full"}'),
}
DAY_MS = 86_400_000
# What a function held that died comes back after so long; nobody in front of a sandbox waits the template's five minutes.
HIDDEN_SECONDS = 30

Endpoints = dict[str, Any]
Step = Callable[[str], AbstractContextManager[object]]


def start_hub(
    port: int, state: Path = STATE, step: Step = nullcontext, inherited: Mapping[str, str] | None = None
) -> Endpoints:
    """Start everything and write `endpoints.json` (hub.md section 5) into `state`; returns its content.

    `step` is entered with the name of each step; every worker has the variables `inherited`. Whatever fails, what was
    started is ended again, and `SandboxError` tells why.
    """
    if read_endpoints(state):
        raise SandboxError("The sandbox is already running: end it with `make down`.")
    for log in state.glob("*.log"):
        log.unlink()
    pids: list[int] = []
    try:
        with step("embedded AWS"):
            aws = start_embedded_aws(port, state, pids, inherited)
        with step("simulators"):
            simulators = start_simulators(state, pids)
        with step("sam build"):
            template = build_stack(state)
        with step("sam deploy"):
            stack = deploy_stack(aws, template, portal_parameters(simulators), state)
        with step("routes, vault, callbacks, schedule"):
            endpoints = _connect(aws, stack, simulators, state, pids)
        with step("first calls"):
            make_first_calls(endpoints, state)
    except BaseException:
        end_groups(pids)
        rmtree(state / "tmp", ignore_errors=True)
        raise
    _write_endpoints(endpoints, state)
    return endpoints


def stop_hub(state: Path = STATE) -> bool:
    """End the processes that `endpoints.json` names, with their children; False when there is nothing to end."""
    path = state / "endpoints.json"
    if not path.exists():
        return False
    end_groups(json.loads(path.read_text())["pids"])
    path.unlink()
    rmtree(state / "tmp", ignore_errors=True)
    return True


@contextmanager
def running_hub(
    port: int, state: Path = STATE, step: Step = nullcontext, inherited: Mapping[str, str] | None = None
) -> Iterator[Endpoints]:
    """The hub as it already runs, or started for the block and ended after it."""
    running = read_endpoints(state)
    if running:
        yield running
        return
    endpoints = start_hub(port, state, step, inherited)
    try:
        yield endpoints
    finally:
        stop_hub(state)


def read_endpoints(state: Path = STATE) -> Endpoints | None:
    """`endpoints.json` of a sandbox whose processes all live; None when there is none or it is broken."""
    path = state / "endpoints.json"
    if not path.exists():
        return None
    endpoints: Endpoints = json.loads(path.read_text())
    if living_groups(endpoints["pids"]) == set(endpoints["pids"]):
        return endpoints
    stop_hub(state)
    return None


def start_simulators(state: Path, pids: list[int]) -> dict[str, str]:
    """Start the simulators of the portals and of the CRM's receiving end; their base addresses by name, without a path."""
    python = require_tool(".venv", "python")
    simulators, waiting = {}, []
    for name in ("olx", "aviv", "spotahome", "crm"):
        port, log = free_port(), state / f"{name}.log"
        arguments = ["--port", str(port), "--log", str(state / f"{name}-calls.log")]
        if name == "olx":  # the one wait that the hub and a portal share
            arguments += ["--repost-ms", str(int(DAY_MS / time_scale()))]
        process = start_process([python, "-m", f"sandbox.simulators.{name}", *arguments], log)
        pids.append(process.pid)
        simulators[name] = f"http://127.0.0.1:{port}"
        waiting.append((f"{simulators[name]}/_sim/health", process, log))
    for url, process, log in waiting:
        await_url(url, process, log)
    return simulators


def time_scale() -> float:
    """TIME_SCALE: how many times faster than in earnest every wait of the protocol is."""
    value = os.environ.get("TIME_SCALE") or "1"
    try:
        scale = float(value)
    except ValueError:
        scale = 0
    if not 1 <= scale <= 1_000_000:
        raise SandboxError(f"TIME_SCALE must be a number from 1, not {value!r}.")
    return scale


def portal_parameters(simulators: dict[str, str]) -> dict[str, str]:
    """The template's portal addresses: the simulators', or what the environment names instead."""
    defaults = {
        ("OlxBaseUrl", "OLX_BASE_URL"): simulators["olx"],
        ("AvivBaseUrl", "AVIV_BASE_URL"): f"{simulators['aviv']}/caas/v4",
        ("AvivTokenUrl", "AVIV_TOKEN_URL"): f"{simulators['aviv']}/oauth/token",
        ("SpotahomeBaseUrl", "SPOTAHOME_BASE_URL"): simulators["spotahome"],
        ("SpotahomeCreateUrl", "SPOTAHOME_CREATE_URL"): f"{simulators['spotahome']}/api",
        ("TimeScale", "TIME_SCALE"): "1",
    }
    values = {parameter: os.environ.get(variable) or default for (parameter, variable), default in defaults.items()}
    return {parameter: value for parameter, value in values.items() if value}


def _connect(aws: EmbeddedAws, stack: Stack, simulators: dict[str, str], state: Path, pids: list[int]) -> Endpoints:
    """What a deployment alone does not give here: routes, loopback addresses, secrets, a finer schedule."""
    permit_batches(aws, stack)
    limit_concurrency(aws)
    register_routes(aws, stack)
    _shorten_visibility(aws, stack)
    client = aws.client("cognito-idp").describe_user_pool_client(
        UserPoolId=stack.resources["UserPool"], ClientId=stack.resources["MachineClient"]
    )["UserPoolClient"]
    # Without a Customer-Id header the machine client acts as its own client id: the sandbox's customer is that one.
    customer = client["ClientId"]
    proofs = seed_vault(
        aws, table_name=stack.resources["VaultTable"], key_id=stack.resources["VaultKey"], customer=customer
    )
    olx_receiver = aws.function_url(stack.outputs["OlxReceiverUrl"])
    aviv_receiver = aws.function_url(stack.outputs["AvivReceiverUrl"])
    _set_variable(aws, stack.resources["DeliverPublicationFunction"], "AVIV_RECEIVER_URL", aviv_receiver)
    # The simulators start before the deployment that needs their addresses, so OLX's learns where to call only now.
    subscription = {"url": olx_receiver, "secret": proofs.olx_notification}
    httpx.put(f"{simulators['olx']}/_sim/callback", json=subscription).raise_for_status()
    for log, (function, event) in TICKING.items():
        arguments = [str(aws.port), stack.resources[function], str(TICK_SECONDS), event]
        ticking = start_process([require_tool(".venv", "python"), "-m", "sandbox.tick", *arguments], state / log)
        pids.append(ticking.pid)
    return {
        "api_url": aws.api_url(stack.resources["Api"]),
        "token_url": aws.token_url,
        "client_id": client["ClientId"],
        "client_secret": client["ClientSecret"],
        "scopes": ["placard/read", "placard/write"],
        "customer_id": customer,
        "receivers": {"olx": olx_receiver, "aviv": f"{aviv_receiver}/{proofs.aviv_token}"},
        "secrets": {"olx_notification": proofs.olx_notification, "aviv_path_key": proofs.aviv_path_key},
        "aws": {
            "endpoint_url": aws.endpoint_url,
            "region": REGION,
            "access_key_id": ACCESS_KEY,
            "secret_access_key": ACCESS_KEY,
        },
        "table_name": stack.outputs["TableName"],
        "queues": {name: url for name, url in stack.resources.items() if name.endswith(("Queue", "Dlq"))},
        "simulators": simulators,
        "pids": pids,
    }


def _shorten_visibility(aws: EmbeddedAws, stack: Stack) -> None:
    """A wake-up that comes back while its first reader still works does no harm: the lease holds the second off."""
    client = aws.client("sqs")
    for url in (url for name, url in stack.resources.items() if name.endswith("Queue")):
        client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(HIDDEN_SECONDS)})


def _set_variable(aws: EmbeddedAws, function: str, name: str, value: str) -> None:
    """Change one environment variable of a function: ministack's own function URLs do not resolve on loopback."""
    client = aws.client("lambda")
    variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=function, Environment={"Variables": {**variables, name: value}})


def _write_endpoints(endpoints: Endpoints, state: Path) -> None:
    path = state / "endpoints.json"
    path.touch(mode=0o600)  # it holds the sandbox's secrets
    path.write_text(json.dumps(endpoints, indent=2) + "\n")
