"""The sandbox on a machine where things go wrong: one sentence, an exit code, and nothing left running."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import demo, processes
from sandbox.embedded_aws import start_embedded_aws
from sandbox.errors import SandboxError
from sandbox.hub import read_endpoints, start_hub, start_simulators, stop_hub
from sandbox.processes import ROOT, await_condition, free_port, list_processes, living_groups, require_tool


def run_sandbox(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sandbox", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def list_members(groups: list[int]) -> list[int]:
    return [pid for pid, group, _ in list_processes() if group in groups]


def start_parts(state: Path) -> list[int]:
    """Everything of the hub but what is deployed, noted as `make up` notes it."""
    pids: list[int] = []
    start_embedded_aws(free_port(), state, pids)
    start_simulators(state, pids)
    (state / "endpoints.json").write_text(json.dumps({"pids": pids}))
    return pids


def test_down_leaves_no_process_behind(tmp_path: Path) -> None:
    pids = start_parts(tmp_path)
    assert living_groups(pids) == set(pids)
    assert stop_hub(tmp_path)
    assert list_members(pids) == []
    assert not (tmp_path / "endpoints.json").exists()
    assert not stop_hub(tmp_path), "there is nothing to end a second time"


def test_a_hub_that_lost_a_process_is_no_hub_and_is_cleared_away(tmp_path: Path) -> None:
    pids = start_parts(tmp_path)
    os.killpg(pids[0], signal.SIGKILL)
    assert await_condition(lambda: pids[0] not in living_groups(pids), 10)
    assert read_endpoints(tmp_path) is None
    assert list_members(pids) == []


def test_a_group_counts_as_living_until_its_leader_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, ending, foreign, others = 11, 12, 13, 14
    listing = [
        (ours, ours, f"{ROOT}/.venv/bin/python"),
        (ending, ending, ""),
        (foreign, foreign, "/bin/else"),
        (1, 1, ""),
    ]
    monkeypatch.setattr(processes, "list_processes", lambda: iter(listing))
    assert living_groups([ours, ending, foreign, others]) == {ours, ending}


def test_a_port_in_use_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"Port {port} is in use: .*SANDBOX_PORT"):
            start_hub(port, tmp_path)
    assert not (tmp_path / "endpoints.json").exists()


def test_a_missing_tool_is_named_with_what_to_do() -> None:
    with pytest.raises(SandboxError, match=r"\.venv-none/bin/sam is missing: run `make setup` first\."):
        require_tool(".venv-none", "sam")


@pytest.mark.parametrize(
    ("variables", "said"),
    [({"SANDBOX_PORT": "many"}, "SANDBOX_PORT must be a port number"), ({"SANDBOX_PORT": "70000"}, "SANDBOX_PORT")],
)
def test_a_wrong_setting_is_one_sentence_and_an_exit_code(variables: dict[str, str], said: str) -> None:
    finished = run_sandbox("up", **variables)
    assert finished.returncode == 1
    assert finished.stderr.startswith(said)
    assert len(finished.stderr.splitlines()) == 1


def test_without_a_command_the_usage_is_shown() -> None:
    finished = run_sandbox()
    assert finished.returncode == 2
    assert "python -m sandbox up" in finished.stderr


def test_a_demo_whose_hub_went_away_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    names = ("api_url", "token_url", "client_id", "client_secret")
    endpoints = {**dict.fromkeys(names, gone), "scopes": [], "simulators": {"olx": gone}}
    monkeypatch.setattr(demo, "read_endpoints", lambda: endpoints)
    assert demo.main() == 1
    assert capsys.readouterr().err.startswith("The hub does not answer any more")


def test_a_demo_without_a_hub_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "read_endpoints", lambda: None)
    assert demo.main() == 1
    assert "make up" in capsys.readouterr().err
