"""Listings whose way is cut off: what their CRM does, and whether everything about them has come right again.

Judged from outside alone: the hub's API, the portals' adverts, what the CRM's receiving end accepted.
"""

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from placard.domain.ids import classified_id
from sandbox.crm import Crm
from sandbox.errors import SandboxError
from sandbox.processes import await_condition
from sandbox.samples import PORTUGUESE_FLAT, SPANISH_FLAT, load_sample, set_price

Json = dict[str, Any]

PORTALS = {"olx": "IMOVIRTUAL", "aviv": "SL", "spotahome": "SPOTAHOME"}
CHANNELS = {"olx": "imovirtual", "aviv": "aviv", "spotahome": "spotahome"}
# A CRM repeats a call whose answer it did not get.
REPEATS = 5
LOOK_SECONDS = 1.0
SWEPT_SECONDS = 120.0


@dataclass(frozen=True)
class Goal:
    """Where a way ends: the word, the advert's state in the hub, and whether the portal shows it to the public.

    `later` is the word once the portal has been silent for so long that the hub says so.
    """

    word: str
    state: str
    shown: bool
    later: str = ""

    def is_said(self, entry: Json, revision: int) -> bool:
        """Whether an entry says this of a revision."""
        said = (entry.get("revision"), (entry.get("advert") or {}).get("state"))
        return said == (revision, self.state) and entry.get("status") in (self.word, self.later)


@dataclass
class Hub:
    """A running hub from outside. The CRM's end is a prefix of the simulated receiver."""

    endpoints: Mapping[str, Any]
    crm: Crm = field(init=False)
    http: httpx.Client = field(init=False)
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        self.crm, self.prefix = Crm(self.endpoints, self.endpoints["customer_id"]), f"/crashes-{uuid4().hex[:8]}"
        self.http = httpx.Client(timeout=30, trust_env=False)

    def close(self) -> None:
        self.crm.close()
        self.http.close()

    def switch(self, simulator: str, method: str, path: str, order: Any = None) -> Any:
        answer = self.http.request(method, f"{self.endpoints['simulators'][simulator]}/_sim/{path}", json=order)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def demand(self, method: str, path: str, *, done: int = 0, **options: Any) -> Json:
        """Call the API as a patient CRM: what was not answered, or with a 5xx, is asked again.

        `done` is the status which then says that the first call was taken.
        """
        last = "no answer"
        for number in range(REPEATS):
            try:
                answer = self.crm.send(method, path, **options)
            except httpx.TransportError as error:
                last = type(error).__name__
                continue
            if answer.is_success:
                body: Json = answer.json() if answer.content else {}
                return body
            if number and answer.status_code == done:
                return {}
            last = f"HTTP {answer.status_code} {answer.text[:200]}"
            if answer.status_code < 500:
                break
        raise SandboxError(f"{method} {path}: {last}")

    def adverts(self, provider: str) -> list[Json]:
        """Every advert of a portal as `{key, id, shown, price}`, removed ones left out; `key` is the CRM's."""
        return [read for one in self.switch(provider, "GET", "adverts")["items"] if (read := READ[provider](one))]

    def accepted(self) -> dict[str, list[Json]]:
        """The entries that the CRM accepted, by classified, in the order of their first acceptance."""
        url = f"{self.endpoints['simulators']['crm']}/_sim/calls"
        calls = self.http.get(url, params={"path": f"^{self.prefix}/", "method": "POST"}).json()["items"]
        found: dict[str, dict[str, Json]] = {}
        for call in calls:
            if call["status"] == 201:
                found.setdefault(call["body"]["classifiedId"], {}).setdefault(call["body"]["statusId"], call["body"])
        return {name: list(told.values()) for name, told in found.items()}

    def subscribe(self) -> None:
        self.demand("PUT", "/webhooks", json={"url": self.endpoints["simulators"]["crm"] + self.prefix})


def _read_olx(advert: Json) -> Json | None:
    state = advert.get("state") or {}
    hidden = state.get("code") == "removed_by_user" and state.get("visible_in_profile") != "true"
    if hidden or not state.get("code"):
        return None
    key = advert["payload"]["custom_fields"]["reference_id"]
    price = advert["payload"]["price"]["value"]
    return {"key": key, "id": advert["uuid"], "shown": state["code"] == "active", "price": price}


def _read_aviv(advert: Json) -> Json | None:
    sale = advert["data"]["prices"].get("buy")
    if advert["deleted"] or sale is None:  # a flat to let is none of ours
        return None
    key = advert["data"]["metaData"]["source"]["offererEstateId"]
    price = sale["price"]["amount"]
    return {"key": key, "id": advert["classifiedId"], "shown": bool(advert["live"]), "price": price}


def _read_spotahome(advert: Json) -> Json | None:
    process = advert.get("process") or {}
    if (process.get("state") or {}).get("state") == "cancelled":
        return None
    return {"key": str(advert), "id": advert["id"], "shown": bool(advert["published"]), "price": None}


READ: dict[str, Callable[[Json], Json | None]] = {
    "olx": _read_olx,
    "aviv": _read_aviv,
    "spotahome": _read_spotahome,
}


class Listing:
    """A classified on one portal, as its CRM sees it."""

    def __init__(self, hub: Hub, provider: str) -> None:
        self.hub, self.provider, self.portal = hub, provider, PORTALS[provider]
        sample = SPANISH_FLAT if provider == "spotahome" else PORTUGUESE_FLAT
        self.body = load_sample(sample, portals=[self.portal])
        self.key = str(self.body["data"]["metaData"]["source"]["offererEstateId"])
        if provider == "spotahome":  # the portal knows a property by its address: each listing has one of its own
            self.key = f"house {uuid4().hex[:10]}"
            self.body["data"]["location"] |= {"houseNumber": self.key}
        estate = str(self.body["data"]["metaData"]["source"]["offererEstateId"])
        self.id, self.revision, self.price = classified_id(str(hub.endpoints["customer_id"]), estate), 0, 0
        self.process: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What a call about this listing mentions, before the portal has given it an id; the event of its POST has the key,
        and what is about its listing process that one's number: in a path, in a message within an event, and in a table's key.
        """
        names = (self.id, str(self.body["data"]["metaData"]["source"]["offererEstateId"]))
        if self.process is None:
            return names
        return (*names, f'/{self.process}"', f'process_id\\": {self.process}}}', f"{self.process:012d}")

    def post(self) -> None:
        self.revision = int(self.hub.demand("POST", "/classifieds", json=self.body)["revision"])

    def put(self, price: int) -> None:
        self.body, self.price = set_price(self.body, price), price
        self.revision = int(self.hub.demand("PUT", f"/classifieds/{self.id}", json=self.body)["revision"])

    def change(self) -> None:
        """Raise its price."""
        self.put(max(self.price, 180_000) + 1_000)

    def ask(self, what: str) -> None:
        self.revision = int(self.hub.demand("POST", f"/classifieds/{self.id}/{what}")["revision"])

    def delete(self) -> None:
        self.revision = int(self.hub.demand("DELETE", f"/classifieds/{self.id}")["revision"])

    def find_process(self) -> None:
        """Wait until a sweep has brought the hub a copy of its property's listing process; SandboxError when none does."""

        def is_found() -> bool:
            query = {"propertyId": self.latest["advert"]["id"]}
            rows = self.hub.demand("GET", "/listing-processes", params=query)["_embedded"]["sah:listing-processes"]
            self.process = int(rows[0]["id"]) if rows else None
            return bool(rows)

        if self.process is None and not await_condition(is_found, SWEPT_SECONDS):
            raise SandboxError(f"no sweep has brought the process of {self.id}")

    def cancel_process(self) -> None:
        """Cancel its listing process at Spotahome, which was found."""
        self.hub.demand("DELETE", f"/listing-processes/{self.process}", done=409)
        self.revision += 1

    @property
    def latest(self) -> Json:
        items = self.hub.demand("GET", f"/classifieds/{self.id}/statuses", params={"filter": "latest"})["items"]
        return next((entry for entry in items if self.portal in entry["portals"]), {})

    @property
    def timeline(self) -> list[Json]:
        """All its entries, oldest first."""
        items: list[Json] = self.hub.demand("GET", f"/classifieds/{self.id}/statuses", params={"limit": 100})["items"]
        return items[::-1]


def complain(listing: Listing, goal: Goal, adverts: Sequence[Json], accepted: Sequence[Json]) -> str | None:
    """What is not right about a listing yet, None when all is: its word, its advert, its timeline, what its CRM was told."""
    if not listing.revision:
        return "its CRM got no answer"
    latest = listing.latest
    if not goal.is_said(latest, listing.revision):
        said = (latest.get("revision"), latest.get("status"), (latest.get("advert") or {}).get("state"))
        return f"the hub says {said}, not {(listing.revision, goal.word, goal.state)}: {latest.get('message')}"
    mine = [one for one in adverts if listing.key in one["key"]]
    wrong = _complain_of_adverts(mine, listing, goal)
    if wrong:
        return wrong
    timeline = listing.timeline
    applied = [entry for entry in timeline if entry["outcome"] == "applied"]
    if not applied or applied[-1]["statusId"] != latest["statusId"]:
        return "the latest entry is not the timeline's last"
    missing = _missing(applied, set(range(1, listing.revision + 1)) - _list_overtaken(timeline))
    if missing:
        return f"the timeline lacks {missing}"
    told = [entry["statusId"] for entry in applied]
    if [entry["statusId"] for entry in accepted] != told:
        return f"the CRM was told {len(accepted)} of {len(told)}" if len(accepted) < len(told) else "told out of order"
    return None


def _is_told(listing: Listing, goal: Goal, accepted: Sequence[Json]) -> bool:
    """Whether the CRM has heard of the goal: before that, there is no need to ask the hub again and again."""
    return any(goal.is_said(one, listing.revision) for one in accepted)


def _complain_of_adverts(mine: Sequence[Json], listing: Listing, goal: Goal) -> str | None:
    gone = goal.state in ("withdrawn", "absent") or (goal.state == "paused" and listing.provider == "aviv")
    if len(mine) != (0 if gone else 1):
        return f"{len(mine)} adverts at the portal: {[one['id'] for one in mine]}"
    if mine and mine[0]["shown"] != goal.shown:
        return f"the advert is {'' if mine[0]['shown'] else 'not '}shown"
    if mine and listing.price and mine[0]["price"] != listing.price:
        return f"the advert's price is {mine[0]['price']}, not {listing.price}"
    return None


def _missing(applied: Sequence[Json], revisions: Collection[int]) -> list[str]:
    """Each of these revisions is received and ends."""
    told = {(entry["revision"], entry["status"].partition("_WITH")[0]) for entry in applied}
    ends = ("CREATED", "UPDATED", "DELETED", "CREATING")  # a creation at Spotahome takes days
    lacking = [f"RECEIVED({number})" for number in revisions if (number, "RECEIVED") not in told]
    return lacking + [f"an end of {n}" for n in revisions if not any((n, word) in told for word in ends)]


def _list_overtaken(timeline: Sequence[Json]) -> set[int]:
    """Revisions that another one overtook: a CRM that got no answer asks again, and pauses or activates once more."""
    found = {entry["revision"] for entry in timeline if entry["outcome"] == "superseded"}
    for entry in timeline:
        replaced = re.search(r"replaces revisions? ([\d, ]+)", entry["message"])
        found |= set() if replaced is None else {int(number) for number in replaced[1].split(", ")}
    return found


def await_peace(
    hub: Hub, goals: Mapping[Listing, Goal], patience: float, say: Callable[[str], None]
) -> dict[Listing, str]:
    """Wait until every listing has come right; what is wrong about those left when none has for `patience` seconds."""
    wrong = dict.fromkeys(goals, "")
    deadline = time.monotonic() + patience
    while wrong:
        over, before = time.monotonic() > deadline, len(wrong)
        _look(hub, goals, wrong, closely=over)
        say(f"{len(goals) - len(wrong)} of {len(goals)} have come right")
        if over:
            break
        if len(wrong) < before:
            deadline = time.monotonic() + patience
        time.sleep(LOOK_SECONDS if wrong else 0)
    return wrong


def _look(hub: Hub, goals: Mapping[Listing, Goal], wrong: dict[Listing, str], *, closely: bool) -> None:
    """Take out what has come right; what the CRM has not heard of its goal is only looked at when asked to."""
    accepted = hub.accepted()
    near = [one for one in wrong if closely or _is_told(one, goals[one], accepted.get(one.id, ()))]
    adverts = {provider: hub.adverts(provider) for provider in {one.provider for one in near}}
    for listing in near:
        complaint = complain(listing, goals[listing], adverts[listing.provider], accepted.get(listing.id, ()))
        if complaint is None:
            del wrong[listing]
        else:
            wrong[listing] = complaint
