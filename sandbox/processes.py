"""Processes of the sandbox: started in a process group of their own, so that ending one ends its children too."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import httpx

from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parent.parent
# make's own variables would let a make below believe in a job server, AWS's would point tools at a real account, and
# Python's would put other code before the layer.
NOT_INHERITED = ("AWS_", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONPATH", "PYTHONHOME")
POLL_SECONDS = 0.05


def clean_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without `NOT_INHERITED`, with `additions`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return {**kept, **additions}


def require_tool(environment: str, tool: str) -> Path:
    """Path of a tool in one of the project's virtual environments; a sentence when it is missing."""
    path = ROOT / environment / "bin" / tool
    if not path.exists():
        raise SandboxError(f"{environment}/bin/{tool} is missing: run `make setup` first.")
    return path


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free_port(port: int) -> None:
    """Raise `SandboxError` when somebody listens on the loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SandboxError(
                f"Port {port} is in use: end what listens there, or choose another with SANDBOX_PORT."
            ) from error


def start_process(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a process in its own group (its pid names the group too), its output in `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=clean_environment(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def run_tool(command: Sequence[str | Path], log: Path, environment: Mapping[str, str], what: str) -> None:
    """Run a tool to its end; `SandboxError` naming the log when it fails."""
    process = start_process(command, log, environment)
    try:
        code = process.wait()
    except BaseException:
        end_groups([process.pid])
        raise
    if code:
        raise SandboxError(f"{what} failed (exit code {code}): see {log}.")


def await_url(url: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 120) -> None:
    """Wait until `url` answers 200; `SandboxError` when the process ends or the time is over before that."""

    def answers() -> bool:
        if process.poll() is not None:
            raise SandboxError(f"{log.stem} ended while starting (exit code {process.returncode}): see {log}.")
        try:
            return httpx.get(url, timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    if not await_condition(answers, seconds):
        raise SandboxError(f"{log.stem} did not answer within {seconds:.0f} seconds: see {log}.")


def await_condition(holds: Callable[[], bool], seconds: float) -> bool:
    """Ask until the condition holds (True) or the time is over (False)."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def living_groups(pids: Sequence[int]) -> set[int]:
    """Those of our process groups with a member still running. A group counts as ours only if its leader, when it
    still lives, was started from this folder: a pid may have been given to somebody else since. A process that is
    ending has no command line any more, and is still there."""
    members, foreign = set(), set()
    for pid, group, command in list_processes():
        if group in pids:
            members.add(group)
            if pid == group and command.strip() and str(ROOT) not in command:
                foreign.add(group)
    return members - foreign


def list_processes() -> Iterator[tuple[int, int, str]]:
    """(pid, group, command line) of each process that is not a zombie; from /proc, or from `ps` where there is none."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(
            ["ps", "-A", "-o", "pid=,pgid=,stat=,command="], capture_output=True, text=True, check=True
        )
        for line in listing.stdout.splitlines():
            pid, group, flags, *rest = line.split(None, 3)
            if not flags.startswith("Z"):
                yield int(pid), int(group), "".join(rest)
        return
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # pid (name) state parent group …; the name may hold anything.
            state, _, group, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            continue  # ended meanwhile
        if state != "Z":
            yield int(folder.name), int(group), command


def end_groups(pids: Sequence[int], patience: float = 5) -> None:
    """End our process groups: asked first, killed after `patience` seconds; `SandboxError` if any survives that."""
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        for group in living_groups(pids):
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                continue
        if await_condition(lambda: not _reap(pids) and not living_groups(pids), seconds):
            return
    raise SandboxError(f"Processes {sorted(living_groups(pids))} could not be ended.")


def _reap(pids: Sequence[int]) -> bool:
    """Take the exit codes of our own children; always False, so that it can stand in a condition."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
    return False
