"""The process of the embedded AWS: ministack, with two of its ways replaced so that two busy cores get along with it, what
roles are allowed written down, and stacks let have what it does not know.

    python -m sandbox.aws_process       under ministack's own interpreter, whose environment holds nothing else

- One thread of ministack 1.5 polls every event source in turn and waits for a stream's function to end, so that each queue
  moves by one message each time a batch of stream records has been worked off. In AWS no event source waits for another:
  here each has a thread of its own.
- Each worker unpacks the function's layer, some six hundred files, for itself. Here it is unpacked once, and the others
  are linked to it.
- Each action that a role was allowed is written down once, where PERMISSIONS_USED names a file: `role action` on a line.
- A stack may have resources of CodeDeploy and a budget. They do nothing: an alias moves at once, and nobody counts money.
"""

import hashlib
import logging
import os
import shutil
import threading
import time
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

logger = logging.getLogger("lambda")

LAYER = "layer_"  # how ministack names the archives of layers
INERT = ("AWS::Budgets::Budget", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup")
NEW_SOURCES_S, IDLE_S, GAP_S = 0.5, 1.0, 0.05


class Pollers:
    """A thread for each event source mapping, until `ended` is set. `service` is ministack's module of functions."""

    def __init__(self, service: Any, ended: threading.Event | None = None) -> None:
        self._ended = ended or threading.Event()
        self._service = service
        self._list_all: Callable[[], Iterator[tuple[str, str, Any]]] = service._iter_all_esms
        self._mine = threading.local()
        self._woken: dict[str, threading.Event] = {}

    def install(self, wake: threading.Event) -> None:
        """Take the place of ministack's own poller; `wake` is what it sets when a source has work."""
        self._service._poll_loop = self.run
        self._service._iter_all_esms = self._list_mine
        # Its one event becomes one for each thread: an event that several wait for and clear would be missed by some.
        wake.set = self._wake_all  # type: ignore[method-assign]

    def run(self) -> None:
        """Start a thread for each source that comes."""
        while not self._ended.is_set():
            for _, _, mapping in self._list_all():
                name = mapping["UUID"]
                if name not in self._woken:
                    self._woken[name] = threading.Event()
                    threading.Thread(target=self._follow, args=(name,), daemon=True).start()
            self._ended.wait(NEW_SOURCES_S)

    def _follow(self, name: str) -> None:
        self._mine.name, woken, idle = name, self._woken[name], False
        while not self._ended.is_set():
            woken.clear()
            busy = False
            for poll in (self._service._poll_sqs, self._service._poll_dynamodb_streams):
                try:
                    busy = poll() or busy
                except Exception:
                    logger.exception("polling %s", name)
            if busy:
                idle = False
            else:
                # A wake-up that was another source's is no reason to look again at once.
                time.sleep(GAP_S if idle else 0)
                idle = woken.wait(IDLE_S)

    def _list_mine(self) -> Iterator[tuple[str, str, Any]]:
        return (found for found in self._list_all() if found[2]["UUID"] == self._mine.name)

    def _wake_all(self) -> None:
        for woken in list(self._woken.values()):
            woken.set()


class SharedLayers(zipfile.ZipFile):
    """An archive that, if it is a layer's, is unpacked once beside the workers' folders and linked to from then on."""

    _unpacking = threading.Lock()

    def namelist(self) -> list[str]:
        """What is to be judged before unpacking: nothing of what was unpacked before."""
        return [] if self._is_layer and self._shared.exists() else super().namelist()

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        if not self._is_layer:
            super().extractall(path, members, pwd)
            return
        with self._unpacking:
            if not self._shared.exists():
                unfinished = self._shared.with_suffix(".unfinished")
                super().extractall(unfinished)
                unfinished.rename(self._shared)
        shutil.rmtree(path)
        Path(path).symlink_to(self._shared)
        self._path.unlink()

    @property
    def _path(self) -> Path:
        return Path(str(self.filename))

    @property
    def _is_layer(self) -> bool:
        return self._path.name.startswith(LAYER)

    @property
    def _shared(self) -> Path:
        if not hasattr(self, "_name"):
            self._name = hashlib.sha256(self._path.read_bytes()).hexdigest()
        return self._path.parents[1] / f"{LAYER}{self._name}"


class UsedPermissions:
    """In the place of ministack's judge: judges as it does, and notes what was allowed. `evaluator` is its module."""

    def __init__(self, evaluator: Any, path: Path) -> None:
        self._evaluate, self._path = evaluator.evaluate, path
        self._noted: set[str] = set()
        self._lock = threading.Lock()
        path.unlink(missing_ok=True)

    def evaluate(self, request: Any, *policies: Any) -> Any:
        """Return the judgement on a request (`principal_arn`, `action`)."""
        result = self._evaluate(request, *policies)
        if result.decision == "Allow":
            self._note(f"{request.principal_arn.split('/')[1]} {request.action}\n")
        return result

    def _note(self, line: str) -> None:
        with self._lock:
            if line not in self._noted:
                self._noted.add(line)
                with self._path.open("a") as used:
                    used.write(line)


def keep_inert(handlers: dict[str, Any]) -> None:
    """Add the kinds of resources that a stack may have and that do nothing to ministack's table of those it makes."""
    for kind in INERT:
        handlers[kind] = {
            "create": lambda logical_id, _properties, stack: (f"{stack}-{logical_id}", {}),
            "update": lambda physical_id, *_: (physical_id, {}),
            "delete": lambda *_: None,
        }


def main() -> None:
    # Only this process has them.
    from ministack.app import main as serve  # noqa: PLC0415
    from ministack.core import iam_evaluator, lambda_runtime  # noqa: PLC0415
    from ministack.core.concurrency import esm_wake  # noqa: PLC0415
    from ministack.services import lambda_svc  # noqa: PLC0415
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415

    Pollers(lambda_svc).install(esm_wake)
    if path := os.environ.get("PERMISSIONS_USED"):
        iam_evaluator.evaluate = UsedPermissions(iam_evaluator, Path(path)).evaluate
    lambda_runtime.zipfile = types.SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedLayers})
    keep_inert(provisioners._RESOURCE_HANDLERS)
    serve()


if __name__ == "__main__":
    main()
