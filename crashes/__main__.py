"""python -m crashes [--ways create,…] [--providers olx,…] [--errands poll,…] [--points n]      (what `make crashes` runs)

Starts a hub of its own, cuts every way off at every point, once more where an arm did not strike at a point that was passed
at each recording, and ends with 0 only when every site has been struck and everything has come right. The report is
`.crashes/report.json`.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from rich.console import Console
from rich.table import Table

from crashes.campaign import MISHAPS, Campaign, Cut, Ends, both_ends, choose_errand
from crashes.errands import ERRANDS, FIRST, LAST, Errand, Errands
from crashes.listings import Hub, Listing
from crashes.plan import CrashFolder, Point
from crashes.points import PASSED, list_sites, why_not
from crashes.ways import POOL, WAYS, Way, choose
from sandbox.embedded_aws import EmbeddedAws
from sandbox.errors import SandboxError
from sandbox.hub import STATE, read_endpoints, running_hub
from sandbox.limits import short_limits
from sandbox.processes import ROOT, free_port

HUB_STATE = STATE.with_name(".sandbox-crashes")
REPORT = ROOT / ".crashes" / "report.json"
# A creation at Spotahome that nobody finds may be sent again after a day: twelve minutes here.
TIME_SCALE = "120"
PROVIDERS = ("olx", "aviv", "spotahome")
# So many listings at each portal for errands to change.
FEW = 6
console = Console(highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m crashes", description=__doc__)
    parser.add_argument("--ways", default=",".join(way.name for way in WAYS))
    parser.add_argument("--providers", default=",".join(PROVIDERS))
    parser.add_argument("--errands", default=",".join(errand.name for errand in ERRANDS))
    parser.add_argument("--points", type=int, default=0, help="so many points of each way, 0 for all")
    asked = parser.parse_args()
    os.environ.setdefault("TIME_SCALE", TIME_SCALE)
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever ends the campaign has its report so far
        signal.signal(number, signal.default_int_handler)
    folder = CrashFolder(HUB_STATE / "crashes")
    screen = Screen()
    campaign, left, broken = None, {}, ""
    try:
        if read_endpoints(HUB_STATE):
            raise SandboxError(f"A hub of another campaign still runs in {HUB_STATE.name}.")
        started = running_hub(free_port(), state=HUB_STATE, inherited=folder.variables)
        with started as endpoints, short_limits(endpoints):
            hub = Hub(endpoints)
            hub.subscribe()
            campaign = Campaign(hub, folder, screen)
            run(campaign, asked)
            left = list_dead_letters(hub)
            hub.close()
    except MISHAPS as error:
        broken = str(error)
    except KeyboardInterrupt:
        broken = "ended by hand"
    if campaign is None:
        print(broken, file=sys.stderr)
        return 1
    every = parser.parse_args(["--points", str(asked.points)])
    whole = asked == every and not broken
    return conclude(campaign, left, screen.seconds, broken, whole=whole)


class Screen:
    """A line for whatever is news."""

    def __init__(self) -> None:
        self._began, self._last, self._lock = time.monotonic(), "", threading.Lock()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def __call__(self, text: str) -> None:
        with self._lock:
            if text != self._last:
                console.print(f"[dim]{self.seconds:7.1f}[/] {text}", soft_wrap=True)
                self._last = text


def run(campaign: Campaign, asked: argparse.Namespace) -> None:
    """All ways with a listing's own arms; beside them the errands that disturb nobody, since each waits for others."""
    providers, most = asked.providers.split(","), asked.points
    named = asked.ways.split(",")
    ways = [way for way in WAYS if way.name in named or way is WAYS[0]]
    for provider in providers:
        campaign.record(ways, provider)
    ends = {
        way.name: {
            provider: both_ends(
                spread(choose(campaign.passed[f"{way.name}/{provider}"], way), most if way.name in named else -1, turn)
            )
            for provider in providers
            if provider in way.goals
        }
        for turn, way in enumerate(ways)
    }
    errands = [errand for errand in ERRANDS if errand.name in asked.errands.split(",")]
    on = prepare_errands(campaign)
    campaign.night = on.night
    beside = [one for one in errands if one.group not in (FIRST, LAST)]
    for errand in beside:  # while nothing has been disturbed yet
        campaign.record_errand(errand, on)
    run_alone(campaign, [one for one in errands if one.group == FIRST], on, most)
    threads = start_errands(campaign, beside, on, most)
    play_ways(campaign, ways, ends)
    play_ways(campaign, ways, campaign.take_missed(ways))
    for thread in threads:
        thread.join()
    run_alone(campaign, [one for one in errands if one.group == LAST], on, most)
    campaign.await_later(on.goals)
    campaign.settle()


def play_ways(campaign: Campaign, ways: Sequence[Way], ends: Mapping[str, Ends]) -> None:
    """All ways that lead to these ends, with as many listings of a provider as the way that has most of them needs."""
    needed = max((turn for turn, way in enumerate(ways, 1) if any(ends[way.name].values())), default=0)
    providers = sorted({provider for known in ends.values() for provider in known})
    number = {p: max(len(ends[way.name].get(p, ())) for way in ways if way.goers == POOL) for p in providers}
    pool = [Listing(campaign.hub, provider) for provider in providers for _ in range(number[provider])]
    for way in ways[:needed]:
        known = ends[way.name]
        listings = pool
        if way.goers != POOL:
            listings = [one for p, some in known.items() for one in campaign.bring(way.goers, p, len(some))]
        campaign.play(way, listings, known)


def prepare_errands(campaign: Campaign) -> Errands:
    flats, *houses = (campaign.prepare(provider, FEW) for provider in ("spotahome", "olx", "aviv"))
    return Errands(campaign.hub, HUB_STATE / "endpoints.json", flats, list(chain(*houses)))


def start_errands(campaign: Campaign, errands: Sequence[Errand], on: Errands, most: int) -> list[threading.Thread]:
    """Errands that wait for the same things run one after the other, the others side by side."""
    groups: dict[str, list[Errand]] = {}
    for errand in errands:
        groups.setdefault(errand.group, []).append(errand)
    threads = [
        threading.Thread(target=run_errands, args=(campaign, group, on, most), daemon=True) for group in groups.values()
    ]
    for thread in threads:
        thread.start()
    return threads


def run_alone(campaign: Campaign, errands: Sequence[Errand], on: Errands, most: int) -> None:
    """Errands one after the other, all of them recorded first: who is cut off may leave a lease that others wait for."""
    for errand in errands:
        campaign.record_errand(errand, on)
    run_errands(campaign, errands, on, most)


def run_errands(campaign: Campaign, errands: Sequence[Errand], on: Errands, most: int) -> None:
    for turn, errand in enumerate(errands):
        points = spread(choose_errand(campaign.passed[errand.name], errand), most, turn)
        campaign.run_errand(errand, on, both_ends(points))


def spread(points: Sequence[Point], most: int, turn: int) -> list[Point]:
    """So many of these, evenly, and others at another turn; all for 0, none below."""
    if most < 0:
        return []
    if most == 0 or len(points) <= most:
        return list(points)
    return [points[(number * len(points) // most + turn) % len(points)] for number in range(most)]


def list_dead_letters(hub: Hub) -> dict[str, int]:
    """How many messages no function could handle, by queue."""
    aws = hub.endpoints["aws"]
    client = EmbeddedAws(int(aws["endpoint_url"].rpartition(":")[2])).client("sqs")
    queues = {n: url for n, url in hub.endpoints["queues"].items() if n.endswith("Dlq") or n == "StreamFailureQueue"}
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = {
        n: client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] for n, url in queues.items()
    }
    return {name: waiting for name, counts in found.items() if (waiting := sum(map(int, counts.values())))}


def conclude(campaign: Campaign, left: Mapping[str, int], seconds: float, broken: str, *, whole: bool) -> int:
    """Show what came out, write it down, and return the exit code."""
    cuts = campaign.cuts
    arms = [cut for cut in cuts if cut.point is not None]
    missed, breaches = [cut for cut in arms if not cut.struck], [cut for cut in cuts if cut.breach]
    demanded = [cut for cut in missed if not cut.by_chance]
    met = {cut.point.site for cut in arms if cut.point and cut.struck}
    unmet = [site for site in list_sites() if site not in met and why_not(site) is None] if whole else []
    report = {
        "sites": len(list_sites()),
        "points": len({(cut.way, cut.provider, cut.point) for cut in arms}),
        "arms": len(arms),
        "struck": len(arms) - len(missed),
        "missed": len(demanded),
        "breaches": len(breaches),
        "broken": broken,
        "dead_letters": left,
        "sites_not_passed": unmet,
        "seconds": round(seconds),
        "cuts": [cut.to_json() for cut in cuts],
    }
    if whole:
        PASSED.write_text(json.dumps(name_ways(campaign.passed), indent=2, sort_keys=True) + "\n")
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    console.print(build_table(arms))
    for cut in missed:
        told = "[dim]passed by chance, and not again[/]" if cut.by_chance else "[yellow]not passed[/]"
        console.print(f"{told} {cut.way} {cut.provider} {cut.point}, {cut.phase}", soft_wrap=True)
    for cut in breaches:
        where = f"{cut.way} {cut.provider} {cut.classified_id} {cut.point or ''} {cut.phase}"
        console.print(f"[red]breach[/] {where}: {cut.breach}", soft_wrap=True)
    for site in unmet:
        console.print(f"[yellow]nobody was ended at[/] {site} ({list_sites()[site]})", soft_wrap=True)
    for name, waiting in left.items():
        console.print(f"[red]{waiting} in {name}[/]")
    if broken:
        console.print(f"[red]broken off[/] {broken}", soft_wrap=True)
    held = not (broken or demanded or breaches or unmet or left)
    verdict = "every function came back from every one" if held else "see above"
    console.print(
        f"{len(arms) - len(missed)} ends at {report['points']} points in {seconds / 60:.0f} minutes: {verdict}"
    )
    return 0 if held else 1


def name_ways(passed: Mapping[str, Iterable[Point]]) -> dict[str, list[str]]:
    """Which ways pass each site."""
    found: dict[str, set[str]] = {}
    for way, points in passed.items():
        for point in points:
            found.setdefault(point.site, set()).add(way)
    return {site: sorted(ways) for site, ways in found.items()}


def build_table(arms: Sequence[Cut]) -> Table:
    """Ends by way and function: struck, and those of them after which something stayed wrong."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("way", "provider", "function", "arms", "struck", "breaches"):
        table.add_column(heading, justify="left" if heading in ("way", "provider", "function") else "right")
    rows: dict[tuple[str, str, str], list[Cut]] = {}
    for cut in arms:
        rows.setdefault((cut.way, cut.provider, cut.point.function if cut.point else ""), []).append(cut)
    for (way, provider, function), some in rows.items():
        struck, wrong = sum(cut.struck for cut in some), sum(bool(cut.breach) for cut in some)
        style = "red" if wrong else "yellow" if struck < len(some) else "green"
        table.add_row(way, provider, function, str(len(some)), str(struck), str(wrong), style=style)
    return table


if __name__ == "__main__":
    sys.exit(main())
