"""Ends a function's worker at a call to AWS, to a portal or to a CRM: before it is made, or after its answer came. Or lets
it lose every race at one, as if others had always written first.

A real end, SIGKILL to itself, not an exception. The functions know nothing of this: it wraps, inside the worker, the few
places through which every such call goes. What is armed stands in a folder that `crashes/plan.py` writes:

    plan.json      {"round", "records", "arms": [{"id", "function", "site", "via", "nth", "phase", "victim"}]}
    claims/<id>    the arm has struck, with what the function was doing: created exclusively, so an arm strikes once
    aliases/<v>    ids that portals gave to the adverts of victim v, one a line
    passes/<pid>   what was passed while `records`, one JSON line each

A site is a place in the layer that makes a call, `module.Class.method.operation`; `via` is the way to it through the use
case, and `nth` tells its passes on that way within one invocation apart (null: any). A victim is a list of texts (a
classified's id, its CRM's key): an arm strikes only where the event or a call mentions one. Without a victim it strikes
whoever comes first. The phase is `before`, `after`, or `lost`: the invocation that such an arm strikes first goes on, and no
transaction of its is taken at that site.
"""

import importlib.abc
import importlib.util
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

TABLE_CALLS = ("get", "put", "update", "delete", "batch_get", "transact")
TABLE_WALKS = ("query", "scan")
UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Arm = dict[str, Any]


class Injector:
    """What this worker is doing, and what is armed."""

    def __init__(self, folder: Path, function: str) -> None:
        self._folder = folder
        self._function = function
        self._plan: dict[str, Any] = {}
        self._read_at = -1
        self._doing = ""
        self._passed: Counter[tuple[str, str]] = Counter()
        self._losing: set[str] = set()
        self._site: str | None = None

    def begin(self, event: Any) -> None:
        """An invocation begins. In a planned one no cache holds anything, as in a fresh container."""
        self._read_plan()
        self._passed.clear()
        self._losing.clear()
        self._doing = json.dumps(event) if self._plan else ""
        if self._plan.get("records") or any(self._concerns(arm) for arm in self._arms()):
            sys.modules["placard.bootstrap"].use()

    @contextmanager
    def named(self, site: str) -> Iterator[None]:
        """Calls within are made for this site."""
        outer, self._site = self._site, site
        try:
            yield
        finally:
            self._site = outer

    @contextmanager
    def call(self, site: str | None, arguments: object) -> Iterator[None]:
        """One call: whoever enters is about to make it, whoever leaves, even by an error, has its answer."""
        self._read_plan()
        site = site or self._site
        if not self._plan or site is None:
            yield
            return
        via = name_way(sys._getframe(2))
        self._passed[site, via] += 1
        nth = self._passed[site, via]
        self._doing += f"\n{arguments!r}"
        self._record(site, via, nth)
        self._strike(site, via, nth, "before")
        self._lose(site, via, nth)
        try:
            yield
        finally:
            self._strike(site, via, nth, "after")

    def learn(self, answer: bytes) -> None:
        """Keep the ids in a portal's answer to a write: they are the victim's, whose event this is."""
        for arm in self._plan.get("arms", ()):
            if arm["victim"] and self._concerns(arm):
                with (self._folder / "aliases" / arm["victim"][0]).open("a") as aliases:
                    aliases.writelines(f"{found.decode()}\n" for found in UUID.findall(answer))

    def _arms(self) -> Iterator[Arm]:
        return (arm for arm in self._plan.get("arms", ()) if arm["function"] == self._function)

    def _read_plan(self) -> None:
        path = self._folder / "plan.json"
        try:
            changed_at = path.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._plan, self._read_at = json.loads(path.read_text()), changed_at
        except FileNotFoundError:
            self._plan, self._read_at = {}, -1

    def _record(self, site: str, via: str, nth: int) -> None:
        if self._plan.get("records"):
            passed = {"round": self._plan["round"], "function": self._function, "site": site, "via": via, "nth": nth}
            with (self._folder / "passes" / str(os.getpid())).open("a") as passes:
                passes.write(json.dumps(passed) + "\n")

    def _strike(self, site: str, via: str, nth: int, phase: str) -> None:
        if any(self._claim(arm, nth) for arm in self._armed(site, via, nth, phase)):
            os.kill(os.getpid(), signal.SIGKILL)

    def _lose(self, site: str, via: str, nth: int) -> None:
        for arm in self._armed(site, via, nth, "lost"):
            if arm["id"] in self._losing or self._claim(arm, nth):
                self._losing.add(arm["id"])
                raise sys.modules["placard.domain.errors"].TransitionConflictError("another writer was first")

    def _armed(self, site: str, via: str, nth: int, phase: str) -> Iterator[Arm]:
        for arm in self._arms():
            armed = arm["site"], arm["via"], arm["phase"], arm["nth"] in (nth, None)
            if armed == (site, via, phase, True) and self._concerns(arm):
                yield arm

    def _concerns(self, arm: Arm) -> bool:
        if not arm["victim"]:
            return True
        known = list(arm["victim"])
        with suppress(FileNotFoundError):
            known += (self._folder / "aliases" / known[0]).read_text().split()
        return any(one in self._doing for one in known)

    def _claim(self, arm: Arm, nth: int) -> bool:
        try:
            claim = os.open(self._folder / "claims" / arm["id"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        os.write(claim, json.dumps({"pid": os.getpid(), "nth": nth, "doing": self._doing[-4000:]}).encode())
        os.fsync(claim)
        os.close(claim)
        return True


def install(folder: str, function: str) -> None:
    """Wrap the modules that make calls, each as soon as it is imported."""
    injector = Injector(Path(folder), function)
    wraps: dict[str, Callable[[ModuleType, Injector], None]] = {
        "app": wrap_handler,
        "placard.aws.table": wrap_table,
        "placard.aws.vault": wrap_vault,
        "placard.aws.queues": wrap_queues,
        "placard.portals.base": wrap_portals,
        "placard.callbacks.sender": wrap_callbacks,
    }
    sys.meta_path.insert(0, _Finder(wraps, injector))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the ordinary finders find, and has it wrapped after it ran."""

    def __init__(self, wraps: dict[str, Callable[[ModuleType, Injector], None]], injector: Injector) -> None:
        self._wraps = wraps
        self._injector = injector

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if name not in self._wraps:
            return None
        wrap = self._wraps.pop(name)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_and_wrap(module: ModuleType) -> None:
            run(module)
            wrap(module, self._injector)

        spec.loader.exec_module = run_and_wrap  # type: ignore[method-assign]
        return spec


def site_of(frame: FrameType | None, operation: str) -> str:
    """The place in the layer that a frame stands for; a comprehension counts as the function it is in."""
    assert frame is not None
    name = frame.f_code.co_qualname.partition(".<locals>")[0]
    return f"{frame.f_globals['__name__'].removeprefix('placard.')}.{name}.{operation}"


def name_way(frame: FrameType | None) -> str:
    """The methods of the use case, outermost first, that led to a call."""
    names = []
    while frame is not None:
        inside = str(frame.f_globals.get("__name__", "")).startswith("placard.use_cases.")
        if inside and not frame.f_code.co_name.startswith(("<", "__")):
            names.append(frame.f_code.co_name)
        frame = frame.f_back
    return " > ".join(reversed(names))


def wrap_handler(module: ModuleType, injector: Injector) -> None:
    handle = module.handler

    def handler(event: Any, context: Any) -> Any:
        injector.begin(event)
        return handle(event, context)

    module.handler = handler  # type: ignore[attr-defined]


def wrap_table(module: ModuleType, injector: Injector) -> None:
    """Every DynamoDB call goes through `Table._call`; who asked for it is the caller of the public method."""
    table = module.Table  # type: ignore[attr-defined]
    call = table._call

    def called(self: Any, operation: str, *arguments: Any, **options: Any) -> Any:
        with injector.call(None, (arguments, options)):
            return call(self, operation, *arguments, **options)

    def wrap_call(operation: str) -> None:
        ask = getattr(table, operation)

        def asked(self: Any, *arguments: Any, **options: Any) -> Any:
            with injector.named(site_of(sys._getframe(1), operation)):
                return ask(self, *arguments, **options)

        setattr(table, operation, asked)

    def wrap_walk(operation: str) -> None:
        walk = getattr(table, operation)

        def walked(self: Any, *arguments: Any, **options: Any) -> Any:
            return tagged(walk(self, *arguments, **options), site_of(sys._getframe(1), operation))

        setattr(table, operation, walked)

    def tagged(rows: Iterator[Any], site: str) -> Iterator[Any]:
        while True:
            with injector.named(site):
                row = next(rows, None)
            if row is None:
                return
            yield row

    table._call = called
    for operation in TABLE_CALLS:
        wrap_call(operation)
    for operation in TABLE_WALKS:
        wrap_walk(operation)


def wrap_vault(module: ModuleType, injector: Injector) -> None:
    """KMS seals and opens what the vault holds."""
    open_encryptor = module.open_encryptor  # type: ignore[attr-defined]

    class Encryptor:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def sync_encrypt(self, text: str) -> Any:
            with injector.call(site_of(sys._getframe(1), "sync_encrypt"), ()):
                return self._inner.sync_encrypt(text)

        def sync_decrypt(self, sealed: str) -> Any:
            with injector.call(site_of(sys._getframe(1), "sync_decrypt"), ()):
                return self._inner.sync_decrypt(sealed)

    module.open_encryptor = lambda *given: Encryptor(open_encryptor(*given))  # type: ignore[attr-defined]


def wrap_queues(module: ModuleType, injector: Injector) -> None:
    """Every message is sent by `SqsWakeUps._send`, for one of its public methods."""
    wake_ups = module.SqsWakeUps  # type: ignore[attr-defined]
    send, connect = wake_ups._send, wake_ups._client.func

    class Client:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)  # what is only asked for may be asked for at any time

        def send_message_batch(self, **options: Any) -> Any:
            with injector.call(None, options):
                return self._inner.send_message_batch(**options)

    def sent(self: Any, *arguments: Any) -> None:
        with injector.named(site_of(sys._getframe(1), "send_message_batch")):
            send(self, *arguments)

    wake_ups._send = sent
    wake_ups._client = cached_property(lambda self: Client(connect(self)))
    wake_ups._client.__set_name__(wake_ups, "_client")


def wrap_portals(module: ModuleType, injector: Injector) -> None:
    """Every portal call goes through `Wire._send`; who asked for it is the caller of `Wire.call`, or of `Turn.call`."""
    wire, turn = module.Wire, module.Turn  # type: ignore[attr-defined]
    send = wire._send

    def sent(self: Any, method: str, *arguments: Any) -> Any:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code in (wire.call.__code__, turn.call.__code__):
            frame = frame.f_back
        with injector.call(site_of(frame, "call"), arguments):
            reply = send(self, method, *arguments)
            if method != "GET":
                injector.learn(reply.body + reply.headers.get("location", "").encode())
        return reply

    wire._send = sent


def wrap_callbacks(module: ModuleType, injector: Injector) -> None:
    """A callback is one exchange."""
    sender = module.HttpSender  # type: ignore[attr-defined]
    exchange = sender._exchange

    def exchanged(self: Any, *arguments: Any) -> Any:
        with injector.call(site_of(sys._getframe(1), "exchange"), arguments):
            return exchange(self, *arguments)

    sender._exchange = exchanged
