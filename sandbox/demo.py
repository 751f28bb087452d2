"""The demo: three classifieds go to their portals, change, are refused and are taken off again.

    python -m sandbox with sandbox.demo         (what `make demo` runs)

Real input, real HTTP, the real template; the portals are simulators. Ends with 1 and one sentence when something does
not reach its end.
"""

import sys
import time
from collections.abc import Mapping
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.crm import Crm
from sandbox.errors import SandboxError
from sandbox.hub import read_endpoints
from sandbox.samples import FRENCH_FLAT, PORTUGUESE_FLAT, SPANISH_FLAT, load_sample, set_price
from sandbox.watch import Watched, await_advert, watch_until_ended

LYON, BRAGA, MADRID, BARE = "Lyon, duplex", "Braga, T2", "Madrid, to let", "Lyon, no photos"

console = Console(highlight=False)


def main() -> int:
    endpoints = read_endpoints()
    if endpoints is None:
        print("No sandbox runs: start it with `make up`, or run the demo with `make demo`.", file=sys.stderr)
        return 1
    crm = Crm(endpoints)
    try:
        run_demo(crm, {name: url for name, url in endpoints["simulators"].items() if name != "crm"})
    except SandboxError as error:
        print(error, file=sys.stderr)
    except httpx.HTTPError as error:
        print(f"The hub does not answer any more ({error}): see the logs in .sandbox.", file=sys.stderr)
    except KeyboardInterrupt:
        return 130  # who started the hub ends it and says so
    else:
        return 0
    finally:
        crm.close()
    return 1


def run_demo(crm: Crm, simulators: Mapping[str, str]) -> None:
    """The five steps, and what they cost at the portals."""
    start, before = time.monotonic(), count_all(simulators)
    lyon, braga = load_sample(FRENCH_FLAT), load_sample(PORTUGUESE_FLAT)

    announce("Publish", "three classifieds of an agency, for SeLoger (AVIV), Imovirtual (OLX) and Spotahome")
    published = [publish(crm, LYON, lyon), publish(crm, BRAGA, braga)]
    madrid = publish(crm, MADRID, load_sample(SPANISH_FLAT))
    pass_home_check(crm, simulators["spotahome"], madrid)
    watch_until_ended(crm, [*published, madrid], console)
    demand([*published, madrid], "CREATED")

    announce("Change", "both prices")
    lyon, braga = set_price(lyon, 399_000), set_price(braga, 182_000)
    for one, classified in zip(published, (lyon, braga), strict=True):
        one.revision = crm.put(one.classified_id, classified)["revision"]
    watch_until_ended(crm, published, console)
    demand(published, "UPDATED")

    announce("Change nothing", "the same two classifieds are sent once more")
    writes, changes = sum_writes(simulators), count_changes(simulators, published)
    for one, classified in zip(published, (lyon, braga), strict=True):
        revision = crm.put(one.classified_id, classified)["revision"]
        console.print(f"{one.name}: still revision {revision}")
        if revision != one.revision:
            raise SandboxError(f"An identical update of {one.name} made revision {revision} of {one.revision}.")
    console.print(f"writes at the portals: {writes} before, {sum_writes(simulators)} after")

    announce("Be refused", "a classified without photos for SL, BD and IMOVIRTUAL")
    bare = publish(crm, BARE, load_sample(FRENCH_FLAT, portals=["SL", "BD", "IMOVIRTUAL"], media=[]))
    watch_until_ended(crm, [bare], console)
    refused = {portal: entry for portal, entry in sorted(bare.latest.items()) if "problem" in entry}
    for portal, entry in refused.items():
        for problem in entry.get("problems") or [entry["problem"]]:
            explain_problem(portal, problem)
    if not refused:
        raise SandboxError("No portal refused a classified without photos.")
    # Whatever the identical updates had caused would have been sent by now, before the third classified's calls.
    if count_changes(simulators, published) != changes:
        raise SandboxError("An identical update was sent to a portal.")

    announce("Delete", "all four; Spotahome lets people alone take a checked property off")
    everything = [*published, bare]
    for one in (*everything, madrid):
        one.revision = crm.delete(one.classified_id)["revision"]
    watch_until_ended(crm, [*everything, madrid], console)
    demand(everything, "DELETED")
    demand([madrid], "DELETING_FAILED")
    explain_problem("SPOTAHOME", madrid.latest["SPOTAHOME"]["problem"])

    conclude(before, count_all(simulators), time.monotonic() - start)


def announce(title: str, what: str) -> None:
    console.print(f"\n[bold]{title}[/] [dim]·[/] {what}", soft_wrap=True)


def publish(crm: Crm, name: str, classified: dict[str, Any]) -> Watched:
    ack = crm.post(classified)
    return Watched(name, ack["classifiedId"], ack["revision"])


def pass_home_check(crm: Crm, spotahome: str, one: Watched) -> None:
    """Play Spotahome's people: once the property is there, its visit is passed and it goes public. Only a sweep tells the hub."""
    advert = await_advert(crm, one, "SPOTAHOME")
    passed = {"state": "propertyVerified", "published": True}
    httpx.post(f"{spotahome}/_sim/properties/{advert}", json=passed).raise_for_status()
    console.print(
        f"{one.name}: the home check is passed; Spotahome never calls, so the hub has to look", soft_wrap=True
    )


def demand(watched: list[Watched], status: str) -> None:
    """Raise `SandboxError` unless every portal ended as the demo expects."""
    for one in watched:
        for portal, entry in one.latest.items():
            if entry["status"] != status:
                raise SandboxError(f"{portal} of {one.name} ended {entry['status']}, not {status}: {entry['message']}")


def explain_problem(portal: str, problem: Mapping[str, Any]) -> None:
    """Who has to act, on what, why and how."""
    console.print()
    rows = {
        portal: Text.assemble((problem["code"], "bold red"), f": the {problem['actor']} must act"),
        "field": problem.get("field", "–"),
        "why": problem["detail"],
        "hint": problem["hint"],
    }
    for name, value in rows.items():
        console.print(f"  {name:<12}", value, soft_wrap=True)


def count_all(simulators: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """What each simulator has counted: calls, writes, tokens, callbacks."""
    return {name: httpx.get(f"{url}/_sim/counts").json() for name, url in simulators.items()}


def sum_writes(simulators: Mapping[str, str]) -> int:
    return sum(counts["writes"] for counts in count_all(simulators).values())


def count_changes(simulators: Mapping[str, str], watched: list[Watched]) -> int:
    """How many PUT and DELETE the portals were sent for these adverts."""
    ids = "|".join(entry["advert"]["id"] for one in watched for entry in one.latest.values())
    listed = [httpx.get(f"{url}/_sim/calls", params={"path": ids}).json()["items"] for url in simulators.values()]
    return sum(call["method"] in {"PUT", "DELETE"} for calls in listed for call in calls)


def conclude(before: dict[str, dict[str, int]], after: dict[str, dict[str, int]], seconds: float) -> None:
    """What it took: calls to each portal, and the callbacks each sent."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("portal calls")
    for heading in ("writes", "other", "tokens", "callbacks"):
        table.add_column(heading, justify="right")
    for name, counts in after.items():
        count = {kind: number - before[name][kind] for kind, number in counts.items()}
        other = count["calls"] - count["writes"] - count["tokens"]
        table.add_row(name, *(str(number) for number in (count["writes"], other, count["tokens"], count["callbacks"])))
    console.print()
    console.print(table)
    console.print(f"\n[bold green]✓[/] All portals reached their end states in {seconds:.0f} s.")


if __name__ == "__main__":
    sys.exit(main())
