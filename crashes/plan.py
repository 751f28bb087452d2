"""What is armed in the workers of a running hub: the folder that `sandbox/injector/crash_points.py` reads."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.processes import ROOT, await_condition

INJECTOR = ROOT / "sandbox" / "injector"
BEFORE, AFTER, LOST = "before", "after", "lost"
QUIET_SECONDS, MOST_SECONDS = 1.0, 20.0


@dataclass(frozen=True, order=True)
class Point:
    """A call that a function makes: its site, the way to it, and the how-manieth pass within an invocation (None: any)."""

    function: str
    site: str
    via: str = ""
    nth: int | None = 1

    def __str__(self) -> str:
        again = f" #{self.nth}" if self.nth not in (None, 1) else ""
        return (
            f"{self.function}: {self.via} > {self.site}{again}" if self.via else f"{self.function}: {self.site}{again}"
        )


@dataclass(frozen=True)
class Arm:
    """One end to come: at a point, before its call or after the answer, for a victim (None: whoever comes first).

    Or, at a transaction, none: whoever is struck by LOST finds it refused as often as it tries, and goes on.
    """

    id: str
    point: Point
    phase: str
    victim: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, **asdict(self.point), "phase": self.phase, "victim": self.victim}


class CrashFolder:
    """The folder of one hub. Without a plan in it the injector does nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for part in ("claims", "aliases", "passes"):
            (folder / part).mkdir(parents=True, exist_ok=True)
            for left in (folder / part).iterdir():
                left.unlink()
        self._armed: dict[str, Arm] = {}
        self._recorded = ""
        self._lock = threading.Lock()
        self._change(lambda: None)

    @property
    def variables(self) -> Mapping[str, str]:
        """What every worker of the hub has to inherit."""
        return {"PYTHONPATH": str(INJECTOR), "CRASH_FOLDER": str(self._folder)}

    @contextmanager
    def armed(self, arms: Sequence[Arm]) -> Iterator[None]:
        """While the block runs these are armed, beside what others have armed; each strikes once."""
        self._change(lambda: self._armed.update({arm.id: arm for arm in arms}))
        try:
            yield
        finally:
            self._change(lambda: [self._armed.pop(arm.id) for arm in arms])

    @contextmanager
    def recording(self, name: str) -> Iterator[None]:
        """While the block runs, what is passed is noted under this name; every invocation begins without caches."""
        self._change(lambda: setattr(self, "_recorded", name))
        try:
            yield
            self._await_quiet()
        finally:
            self._change(lambda: setattr(self, "_recorded", ""))

    def passed(self, name: str) -> frozenset[Point]:
        """What was passed while this name was recorded."""
        lines = (line for path in (self._folder / "passes").iterdir() for line in path.read_text().splitlines())
        found = (json.loads(line) for line in lines)
        return frozenset(
            Point(one["function"], one["site"], one["via"], one["nth"]) for one in found if one["round"] == name
        )

    def struck(self) -> dict[str, dict[str, Any]]:
        """Every arm that has struck, with what the function was doing."""
        claims = (self._folder / "claims").iterdir()
        return {claim.name: json.loads(text) for claim in claims if (text := claim.read_text())}

    def has_struck(self, arm: Arm) -> bool:
        """Whether a worker has been ended by it."""
        return (self._folder / "claims" / arm.id).exists()

    def _await_quiet(self) -> None:
        """Wait until nothing more is passed: a lease is let go and a message marked after all the world has seen."""
        seen = [-1]

        def is_quiet() -> bool:
            passed = sum(path.stat().st_size for path in (self._folder / "passes").iterdir())
            before, seen[0] = seen[0], passed
            threading.Event().wait(QUIET_SECONDS)
            return passed == before

        await_condition(is_quiet, MOST_SECONDS)

    def _change(self, change: Callable[[], object]) -> None:
        with self._lock:
            change()
            arms = [arm.to_json() for arm in self._armed.values()]
            if arms or self._recorded:
                draft = self._folder / "plan.draft"
                draft.write_text(json.dumps({"round": self._recorded, "records": bool(self._recorded), "arms": arms}))
                draft.replace(self._folder / "plan.json")
            else:
                (self._folder / "plan.json").unlink(missing_ok=True)
