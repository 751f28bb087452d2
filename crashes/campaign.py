"""The campaign: every way is recorded once, then gone again with an arm at each point it passes, before and after."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

import httpx

from crashes.errands import Errand, Errands
from crashes.listings import Goal, Hub, Listing, await_peace
from crashes.plan import AFTER, BEFORE, Arm, CrashFolder, Point
from crashes.points import why_not
from crashes.ways import WAYS, Way
from sandbox.errors import SandboxError
from sandbox.processes import await_condition

AT_ONCE = 6
PATIENCE_SECONDS = 300.0
# An errand's arm has struck by then, or the point was not passed any more.
ERRAND_SECONDS = 90.0
# A creation at Spotahome whose answer is lost is looked for during a day before it is sent again (lifecycle §1).
SLOW, SLOW_SECONDS = frozenset({"spotahome"}), 900.0
Say = Callable[[str], None]
End = tuple[Point, str]


@dataclass
class Cut:
    """One arm and what became of it; a bystander's has no point. `breach`: what was still wrong when the time was over."""

    way: str
    provider: str
    point: Point | None
    phase: str
    arm: str
    classified_id: str = ""
    struck: bool = False
    doing: str = ""
    breach: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | ({} if self.point is None else {"point": str(self.point)})


@dataclass
class Campaign:
    """Plays ways on a running hub. `cuts` grows as arms are played; `passed` is what each way passes."""

    hub: Hub
    folder: CrashFolder
    say: Say
    patience: float = PATIENCE_SECONDS
    cuts: list[Cut] = field(default_factory=list)
    passed: dict[str, frozenset[Point]] = field(default_factory=dict)
    _late: dict[Listing, tuple[Goal, Cut | None]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # --- what a way passes -------------------------------------------------------------------------------------------

    def record(self, ways: Sequence[Way], provider: str) -> None:
        """Let one listing go all ways, one after the other, and note what each passes."""
        self.prepare(provider, 1)  # from here on there are tokens and a subscription
        listing = Listing(self.hub, provider)
        for way in ways:
            if provider in way.goals:
                name = f"{way.name}/{provider}"
                if way.fresh:
                    (listing,) = self.prepare(provider, 1)
                with self.folder.recording(name):
                    way.begin(listing)
                    self.demand_peace({listing: way.goals[provider]}, f"recording {name}")
                self.passed[name] = self.folder.passed(name)

    def record_errand(self, errand: Errand, errands: Errands, times: int = 2) -> None:
        """Go an errand and note what it passes."""
        with self.folder.recording(errand.name):
            self.say(f"recording {errand.name}")
            for _ in range(times):
                with suppress(SandboxError, httpx.HTTPError):
                    errand.go(errands)
        self.passed[errand.name] = self.folder.passed(errand.name)

    # --- ways of a listing's own -------------------------------------------------------------------------------------

    def prepare(self, provider: str, number: int) -> list[Listing]:
        """Publish so many listings, without any arm."""
        listings = [Listing(self.hub, provider) for _ in range(number)]
        goal = WAYS[0].goals[provider]
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            list(crowd.map(Listing.post, listings))
        self.demand_peace(dict.fromkeys(listings, goal), f"publishing {number} at {provider}")
        return listings

    def play(self, way: Way, listings: Sequence[Listing], ends: Mapping[str, Sequence[End]]) -> None:
        """Let all listings go a way, one with an arm for each end, by provider."""
        victims: dict[Listing, Cut] = {}
        for provider, known in ends.items():
            waiting = [one for one in listings if one.provider == provider]
            for listing, (point, phase) in zip(waiting[: len(known)], known, strict=True):
                victims[listing] = Cut(way.name, provider, point, phase, f"{way.name}-{provider}-{next(self._numbers)}")
        going = [listing for listing in listings if listing.provider in way.goals]
        self.say(f"{way.name}: {len(victims)} arms, {len(going)} listings")
        arms = [Arm(cut.arm, cut.point, cut.phase, one.names) for one, cut in victims.items() if cut.point]
        with self.folder.armed(arms):
            refused = self._begin(way, going)
            goals = {listing: way.goals[listing.provider] for listing in going}
            self._late |= {one: (goals.pop(one), victims.get(one)) for one in going if one.provider in SLOW}
            wrong = await_peace(self.hub, goals, self.patience, lambda text: self.say(f"{way.name}: {text}"))
            # Whose end is judged only later is still under way: its arm stays until it has struck.
            late = [
                Arm(cut.arm, cut.point, cut.phase) for one, cut in victims.items() if one in self._late and cut.point
            ]
            await_condition(lambda: all(map(self.folder.has_struck, late)), ERRAND_SECONDS)
        wrong |= refused
        for listing, cut in victims.items():
            cut.classified_id, cut.breach = listing.id, wrong.pop(listing, "")
        self._note([*victims.values(), *(self._bystander(way.name, *one) for one in wrong.items())])

    def _begin(self, way: Way, listings: Sequence[Listing]) -> dict[Listing, str]:
        """Begin a way for all of them; what the hub answered to those whose CRM it would not hear, however often."""
        refused: dict[Listing, str] = {}

        def begin(listing: Listing) -> None:
            try:
                way.begin(listing)
            except (SandboxError, httpx.HTTPError) as error:
                refused[listing] = str(error)

        with ThreadPoolExecutor(AT_ONCE) as crowd:
            list(crowd.map(begin, listings))
        return refused

    def settle(self) -> None:
        """Judge those whose portal may need a day, scaled, until a lost creation is tried again."""
        goals = {listing: goal for listing, (goal, _) in self._late.items()}
        wrong = await_peace(self.hub, goals, SLOW_SECONDS, lambda text: self.say(f"the slow ones: {text}"))
        for listing, complaint in wrong.items():
            cut = self._late[listing][1]
            if cut is None:
                self._note([self._bystander("settle", listing, complaint)])
            else:
                cut.breach = complaint
        self._late.clear()

    @staticmethod
    def _bystander(what: str, listing: Listing, complaint: str) -> Cut:
        return Cut(what, listing.provider, None, "", "", listing.id, breach=complaint)

    # --- errands -----------------------------------------------------------------------------------------------------

    def run_errand(self, errand: Errand, errands: Errands, ends: Sequence[End]) -> None:
        """Go an errand for each end until it has come."""
        for point, phase in ends:
            cut = Cut(errand.name, "", point, phase, f"{errand.name}-{next(self._numbers)}")
            arm = Arm(cut.arm, point, phase)

            def goes(arm: Arm = arm) -> bool:
                with suppress(SandboxError, httpx.HTTPError):
                    errand.go(errands)
                return self.folder.has_struck(arm)

            with self.folder.armed([arm]):
                struck = await_condition(goes, ERRAND_SECONDS)
            self._note([cut])
            self.say(f"{errand.name}: {point}, {phase}: {'struck' if struck else 'not passed'}")

    def demand_peace(self, goals: Mapping[Listing, Goal], what: str) -> None:
        """Wait until listings have come right; what has not is a breach of its own."""
        wrong = await_peace(self.hub, goals, self.patience, lambda text: self.say(f"{what}: {text}"))
        self._note([self._bystander(what, *one) for one in wrong.items()])

    def _note(self, cuts: Sequence[Cut]) -> None:
        struck = self.folder.struck()
        for cut in cuts:
            cut.struck, cut.doing = cut.arm in struck, struck.get(cut.arm, {}).get("doing", "")[-1500:]
        self.cuts += cuts


def both_ends(points: Sequence[Point]) -> list[End]:
    """Each point before its call, and after the answer came."""
    return [(point, phase) for point in points for phase in (BEFORE, AFTER)]


def choose_errand(points: frozenset[Point], errand: Errand) -> list[Point]:
    """The points of an errand: each site of its functions on each way through the use case, whatever the pass."""
    found = {
        Point(one.function, one.site, one.via, None)
        for one in points
        if one.function in errand.functions and not why_not(one.site) and any(part in one.site for part in errand.sites)
    }
    return sorted(found, key=str)
