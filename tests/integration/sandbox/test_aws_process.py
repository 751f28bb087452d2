"""What the sandbox replaces in the embedded AWS: no event source waits for another, and layers are unpacked once."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws_process import Pollers, SharedLayers

PATIENCE_S = 30.0


class Service:
    """As ministack's module of functions: what is polled is what `_iter_all_esms` lists for the thread that asks."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.polled = {name: threading.Semaphore(0) for name in ("slow", "quick", "late", "broken")}
        self.open = threading.Event()

    def _iter_all_esms(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        return (("account", "region", {"UUID": name}) for name in list(self.names))

    def _poll_sqs(self) -> bool:
        [(_, _, mapping)] = list(self._iter_all_esms())
        name = mapping["UUID"]
        self.polled[name].release()
        if name == "slow":
            self.open.wait(PATIENCE_S)
        if name == "broken":
            raise RuntimeError("poisoned")
        return False

    def _poll_dynamodb_streams(self) -> bool:
        return False


@contextmanager
def polled(service: Any) -> Iterator[threading.Event]:
    """Gives what wakes its pollers; none is left at the end, to log on during other tests."""
    wake, ended, before = threading.Event(), threading.Event(), set(threading.enumerate())
    Pollers(service, ended).install(wake)
    threading.Thread(target=service._poll_loop, daemon=True).start()
    try:
        yield wake
    finally:
        ended.set()
        service.open.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_no_source_waits_for_another_and_one_that_breaks_goes_on() -> None:
    service = Service("slow", "quick", "broken")
    with polled(service) as wake:
        assert service.polled["slow"].acquire(timeout=PATIENCE_S)
        for name in ("quick", "broken") * 3:
            wake.set()
            assert service.polled[name].acquire(timeout=PATIENCE_S)
        assert not service.polled["slow"].acquire(blocking=False), "it is still at its first event"
        service.open.set()
        assert service.polled["slow"].acquire(timeout=PATIENCE_S)


def test_a_source_that_comes_later_is_found() -> None:
    service = Service("quick")
    with polled(service):
        service.names.append("late")
        assert service.polled["late"].acquire(timeout=PATIENCE_S)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("python/part.py", "NAME = 'part'")
    return path


def unpack(archive: Path, folder: Path, name: str) -> Path:
    """As a worker does it: its own copy of the archive, its own folder."""
    (folder / name).mkdir(parents=True)
    copy = folder / f"{name}.zip"
    copy.write_bytes(archive.read_bytes())
    with SharedLayers(copy) as content:
        content.extractall(folder / name)
    return folder / name


def test_a_layer_is_unpacked_once_and_a_functions_code_for_each(archive: Path, tmp_path: Path) -> None:
    first, second = (unpack(archive, tmp_path / worker, "layer_0") for worker in ("w1", "w2"))
    assert (first / "python" / "part.py").samefile(second / "python" / "part.py")
    ones, others = (unpack(archive, tmp_path / worker, "code") for worker in ("w1", "w2"))
    assert not (ones / "python" / "part.py").samefile(others / "python" / "part.py")


def test_another_layer_is_another(archive: Path, tmp_path: Path) -> None:
    first = unpack(archive, tmp_path / "w1", "layer_0")
    with zipfile.ZipFile(archive, "a") as content:
        content.writestr("python/other.py", "NAME = 'other'")
    second = unpack(archive, tmp_path / "w2", "layer_0")
    assert not (first / "python" / "other.py").exists()
    assert (second / "python" / "other.py").exists()


def test_unpacking_side_by_side_ends_in_one_whole_layer(archive: Path, tmp_path: Path) -> None:
    found: list[Path] = []
    workers = [
        threading.Thread(target=lambda worker=worker: found.append(unpack(archive, tmp_path / worker, "layer_0")))
        for worker in ("w1", "w2", "w3", "w4")
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len({(one / "python" / "part.py").resolve() for one in found}) == 1
