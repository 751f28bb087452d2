"""What a campaign is judged by: the newest wish, what stands at the portal, the hub's own words, what the CRM took. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.plan import IMOVIRTUAL, Listing, Wish
from chaos.portals import Advert, wanted
from sandbox.watch import ENDED

Entry = Mapping[str, Any]
LOST, DOUBLED, WRONG, UNTOLD, OUT_OF_ORDER = BREACHES = ("lost", "doubled", "wrong", "untold", "out_of_order")


# What explains nothing here: nobody takes adverts down at the portals of a campaign.
NOBODYS = frozenset({"removed_on_portal"})


@dataclass(frozen=True)
class Finding:
    """A promise broken, or not kept yet: its kind and what was seen."""

    kind: str
    text: str


def judge_publication(
    listing: Listing, portal: str, revision: int, adverts: Sequence[Advert], entry: Entry | None
) -> list[Finding]:
    """Compare wish, portal and hub. `revision` is the newest that speaks of the portal, `entry` the hub's latest.

    A wish is met at the portal or ended with a problem that tells why; either way the hub knows what stands there.
    """
    if entry is None:
        return [Finding(LOST, "the hub knows nothing of it")]
    standing = [advert for advert in adverts if advert.stands]
    wish, said = listing.wishes[portal], describe(entry)
    findings = []
    if len(standing) > 1:
        findings.append(Finding(DOUBLED, f"{len(standing)} adverts stand: {', '.join(one.id for one in standing)}"))
    live = [advert for advert in standing if advert.live]
    met = bool(live) if wish is Wish.PRESENT else not live
    ended = entry["revision"] >= revision and entry["status"] in ENDED
    if not is_explained(entry, revision):
        if not met:
            findings.append(Finding(LOST, f"wished {wish}, {len(live)} live, and nothing tells why: {said}"))
        elif not ended:
            findings.append(Finding(WRONG, f"wished {wish} in revision {revision}, so it is, and the hub says {said}"))
        elif wish is Wish.PRESENT and live[0].shows != wanted(listing, portal):
            shows = f"shows {live[0].shows}, wished {wanted(listing, portal)}"
            findings.append(Finding(WRONG, f"{shows}: {said}"))
    return findings + _compare(portal, standing, live, entry)


def is_explained(entry: Entry, revision: int) -> bool:
    """Whether the newest wish ended with a problem, or waits at the portal for people whom it names."""
    if entry["revision"] < revision or "problem" not in entry:
        return False
    waits = (entry.get("advert") or {}).get("state") == "pending" and entry["problem"]["actor"] in ("agency", "portal")
    return entry["status"] in ENDED or (waits and entry["problem"]["code"] != "overdue")


def _compare(portal: str, standing: Sequence[Advert], live: Sequence[Advert], entry: Entry) -> list[Finding]:
    """What the hub says of the advert, against what stands there and what was done to it."""
    advert, said = entry.get("advert") or {}, describe(entry)
    findings = []
    if (entry.get("problem") or {}).get("code") in NOBODYS:
        findings.append(Finding(WRONG, f"nobody did that: {said}"))
    if bool(advert.get("live")) != bool(live):
        findings.append(Finding(WRONG, f"{len(live)} live, and the hub says {said}"))
    if len(live) == 1 and live[0].id != advert.get("id"):
        findings.append(Finding(WRONG, f"{live[0].id} is live, and the hub says {said}"))
    codes = {one.code for one in standing if one.id == advert.get("id")}
    if portal == IMOVIRTUAL and codes and advert.get("code") not in codes:
        findings.append(Finding(WRONG, f"the site says {codes}, and the hub says {said}"))
    return findings


def judge_telling(entries: Iterable[Entry], accepted: Sequence[str]) -> list[Finding]:
    """Compare a listing's applied entries, oldest first, with the ids of the callbacks its CRM took, in order."""
    first = {webhook_id: place for place, webhook_id in reversed(list(enumerate(accepted)))}
    findings, last = [], dict[str, int]()
    for entry in entries:
        place, channel = first.get(entry["statusId"]), entry["channel"]
        if place is None:
            findings.append(Finding(UNTOLD, f"{channel}: {describe(entry)}"))
            continue
        if place < last.get(channel, -1):
            findings.append(Finding(OUT_OF_ORDER, f"{channel}: {describe(entry)} came before an earlier one"))
        last[channel] = max(place, last.get(channel, -1))
    return findings


def count_repeated(accepted: Sequence[str]) -> int:
    """How many callbacks came that the CRM had taken already."""
    return len(accepted) - len(set(accepted))


def describe(entry: Entry) -> str:
    advert, problem = entry.get("advert") or {}, entry.get("problem") or {}
    words = [
        entry["status"],
        f"revision {entry['revision']}",
        f"advert {advert.get('id', '–')} {advert.get('state', '')}",
    ]
    return ", ".join([*words, *([f"problem {problem['code']}"] if problem else [])])
