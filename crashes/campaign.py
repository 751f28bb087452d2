"""The campaign: every way is recorded once, then gone again with an arm at each point it passes, before and after."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from crashes.errands import Errand, Errands, NotRightError
from crashes.listings import Goal, Hub, Listing, await_peace
from crashes.plan import AFTER, BEFORE, LOST, Arm, CrashFolder, Point
from crashes.points import why_not
from crashes.ways import POOL, PUBLISHED, WAYS, Way, choose
from sandbox.errors import SandboxError
from sandbox.processes import await_condition

AT_ONCE = 6
# What the sandbox, a simulator or the embedded AWS may answer: it is no finding.
MISHAPS = (SandboxError, httpx.HTTPError, BotoCoreError, ClientError)
PATIENCE_SECONDS = 300.0
# An errand's arm has struck by then, or the point was not passed any more. Who was cut off before may hold a token's lease
# for a minute (`portals.spotahome.tokens.LEASE`), and a login may rest for half of one; then several turns more.
ERRAND_SECONDS = 240.0
# What is passed by chance need not come at all.
CHANCE_SECONDS = 20.0
# Going an errand again at once would only fill the portals with what errands publish.
PACE_SECONDS = 1.0
# The same of the arms of those that are judged later: a sweep has to find their processes first.
LATE_SECONDS = 300.0
# How often each way is recorded: what is not passed each time is passed by chance, behind a lost race.
RECORDINGS = 2
# After so many an errand has passed all it can: what it does the first time only, and what each time.
TURNS = 2
# A creation at Spotahome whose answer is lost is looked for during a day before it is sent again (lifecycle §1).
SLOW, SLOW_SECONDS = frozenset({"spotahome"}), 900.0
Say = Callable[[str], None]
End = tuple[Point, str]
Ends = Mapping[str, Sequence[End]]  # by provider


@dataclass
class Cut:
    """One arm and what became of it; a bystander's has no point.

    `by_chance`: its point is not passed each time. `breach`: what was still wrong when the time was over.
    """

    way: str
    provider: str
    point: Point | None
    phase: str
    arm: str
    classified_id: str = ""
    by_chance: bool = False
    struck: bool = False
    doing: str = ""
    breach: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | ({} if self.point is None else {"point": str(self.point)})


@dataclass
class Campaign:
    """Plays ways on a running hub. `cuts` grows as arms are played; `passed` is what each way passes, `demanded` the points
    that it passes each time. `night` is what each night does: it compares what the portals list with what the hub believes.
    """

    hub: Hub
    folder: CrashFolder
    say: Say
    patience: float = PATIENCE_SECONDS
    cuts: list[Cut] = field(default_factory=list)
    passed: dict[str, frozenset[Point]] = field(default_factory=dict)
    demanded: dict[str, frozenset[Point]] = field(default_factory=dict)
    night: Callable[[], None] | None = None
    _late: dict[Listing, tuple[Goal, Cut | None]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # --- what a way passes -------------------------------------------------------------------------------------------

    def record(self, ways: Sequence[Way], provider: str) -> None:
        """Let listings go all ways, one after the other, and note what each way passes."""
        self.prepare(provider, 1)  # from here on there are tokens and a subscription
        going = [way for way in ways if provider in way.goals]
        for number in range(RECORDINGS):
            listing = Listing(self.hub, provider)
            for way in going:
                name = f"{way.name}/{provider}"
                if way.goers != POOL:
                    (listing,) = self.bring(way.goers, provider, 1)
                way.prepare(listing)
                with self.folder.recording(f"{name} {number}"), self.folder.armed(self._let_lose(way, [listing])):
                    way.begin(listing)
                    self.demand_peace({listing: way.goals[provider]}, f"recording {name}")
        for way in going:
            self._gather(f"{way.name}/{provider}", partial(choose, way=way))

    def record_errand(self, errand: Errand, errands: Errands) -> None:
        """Go an errand and note what it passes."""
        for number in range(RECORDINGS):
            self.say(f"recording {errand.name}")
            for _ in range(TURNS):
                # A recording ends once all is quiet. A token that ends before it was used is a refused password to the hub,
                # and nobody asks for one then.
                with self.folder.recording(f"{errand.name} {number}"):
                    wrong = self._go(errand, errands)
                if wrong:
                    self._note([Cut(errand.name, "", None, "", "", breach=wrong)])
        self._gather(errand.name, partial(choose_errand, errand=errand))

    def _gather(self, name: str, chosen: Callable[[frozenset[Point]], Sequence[Point]]) -> None:
        rounds = [self.folder.passed(f"{name} {number}") for number in range(RECORDINGS)]
        self.passed[name] = frozenset().union(*rounds)
        self.demanded[name] = frozenset.intersection(*(frozenset(chosen(points)) for points in rounds))

    def _cut(self, name: str, way: str, provider: str, end: End) -> Cut:
        """An arm for this end of a way of this name."""
        point, phase = end
        arm = "-".join(filter(None, (way, provider, str(next(self._numbers)))))
        return Cut(way, provider, point, phase, arm, by_chance=point not in self.demanded.get(name, (point,)))

    # --- ways of a listing's own -------------------------------------------------------------------------------------

    def prepare(self, provider: str, number: int) -> list[Listing]:
        """Publish so many listings, without any arm."""
        listings = [Listing(self.hub, provider) for _ in range(number)]
        goal = WAYS[0].goals[provider]
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            list(crowd.map(Listing.post, listings))
        self.demand_peace(dict.fromkeys(listings, goal), f"publishing {number} at {provider}")
        return listings

    def bring(self, goers: str, provider: str, number: int) -> list[Listing]:
        """So many listings for a way that has its own."""
        if goers == PUBLISHED:
            return self.prepare(provider, number)
        return [Listing(self.hub, provider) for _ in range(number)]

    def play(self, way: Way, listings: Sequence[Listing], ends: Ends) -> None:
        """Let all listings go a way, one with an arm for each end, by provider."""
        victims: dict[Listing, Cut] = {}
        for provider, known in ends.items():
            waiting = [one for one in listings if one.provider == provider]
            for listing, end in zip(waiting[: len(known)], known, strict=True):
                victims[listing] = self._cut(f"{way.name}/{provider}", way.name, provider, end)
        going = [listing for listing in listings if listing.provider in way.goals]
        self.say(f"{way.name}: {len(victims)} arms, {len(going)} listings")
        for listing in going:
            way.prepare(listing)
        arms = [Arm(cut.arm, cut.point, cut.phase, one.names) for one, cut in victims.items() if cut.point]
        with self.folder.armed([*arms, *self._let_lose(way, going)]):
            refused = self._begin(way, going)
            goals = {listing: way.goals[listing.provider] for listing in going}
            self._late |= {one: (goals.pop(one), victims.get(one)) for one in going if one.provider in SLOW}
            wrong = self._await_peace(way, goals)
            # Whose end is judged only later is still under way: its arm stays until it has struck.
            due = [cut for one, cut in victims.items() if one in self._late and not cut.by_chance]
            late = [Arm(cut.arm, cut.point, cut.phase) for cut in due if cut.point]
            await_condition(lambda: all(map(self.folder.has_struck, late)), LATE_SECONDS)
        wrong |= refused
        for listing, cut in victims.items():
            cut.classified_id, cut.breach = listing.id, wrong.pop(listing, "")
        self._note([*victims.values(), *(self._bystander(way.name, *one) for one in wrong.items())])

    def _let_lose(self, way: Way, listings: Sequence[Listing]) -> list[Arm]:
        """The arms that let each of these lose its races where the way says so."""
        if way.lost is None:
            return []
        return [Arm(f"{way.name}-lost-{next(self._numbers)}", way.lost, LOST, one.names) for one in listings]

    def take_missed(self, ways: Sequence[Way]) -> dict[str, Ends]:
        """Take the arms that did not strike at points that are passed each time off the list, and return their ends by way.

        They are to be tried once more: what is not passed then either is passed by chance, as which word comes first.
        """
        missed = {way.name: dict[str, list[End]]() for way in ways}
        for cut in [one for one in self.cuts if one.way in missed and not (one.struck or one.by_chance or one.breach)]:
            if cut.point is not None:
                missed[cut.way].setdefault(cut.provider, []).append((cut.point, cut.phase))
                self.cuts.remove(cut)
        self.demanded |= {f"{way.name}/{provider}": frozenset() for way in ways for provider in way.goals}
        return dict(missed)

    def _await_peace(self, way: Way, goals: Mapping[Listing, Goal]) -> dict[Listing, str]:
        def say(text: str) -> None:
            self.say(f"{way.name}: {text}")

        wrong = await_peace(self.hub, goals, self.patience, say)
        if wrong and way.is_lossy and self.night is not None:
            say("a night passes")
            self.night()
            wrong = await_peace(self.hub, {listing: goals[listing] for listing in wrong}, self.patience, say)
        return wrong

    def _begin(self, way: Way, listings: Sequence[Listing]) -> dict[Listing, str]:
        """Begin a way for all of them; what the hub answered to those whose CRM it would not hear, however often."""
        refused: dict[Listing, str] = {}

        def begin(listing: Listing) -> None:
            try:
                way.begin(listing)
            except MISHAPS as error:
                refused[listing] = str(error)

        with ThreadPoolExecutor(AT_ONCE) as crowd:
            list(crowd.map(begin, listings))
        return refused

    def await_later(self, goals: Mapping[Listing, Goal]) -> None:
        """Judge these with those whose portal may need a day."""
        self._late |= {listing: (goal, None) for listing, goal in goals.items()}

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
            cut = self._cut(errand.name, errand.name, "", (point, phase))
            arm = Arm(cut.arm, point, phase)

            def goes(arm: Arm = arm, cut: Cut = cut) -> bool:
                cut.breach = cut.breach or self._go(errand, errands)
                return await_condition(lambda: self.folder.has_struck(arm), PACE_SECONDS)

            with self.folder.armed([arm]):
                brief = cut.by_chance and not errand.leases
                struck = await_condition(goes, CHANCE_SECONDS if brief else ERRAND_SECONDS)
            self._note([cut])
            self.say(f"{errand.name}: {point}, {phase}: {'struck' if struck else 'not passed'}")

    @staticmethod
    def _go(errand: Errand, errands: Errands) -> str:
        """Go an errand once; what did not come right, if anything, where the errand itself can tell."""
        try:
            with suppress(*MISHAPS):
                errand.go(errands)
        except NotRightError as error:
            return str(error)
        return ""

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
        Point(one.function, one.site, one.via, None) for one in points if errand.owns(one) and not why_not(one.site)
    }
    return sorted(found, key=str)
