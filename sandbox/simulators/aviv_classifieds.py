"""AVIV: the classifieds and the statuses each write runs through (contract: aviv.md §3.5, §4)."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sandbox.simulators.aviv_schema import ABSENT, read
from sandbox.simulators.aviv_words import PORTALS
from sandbox.simulators.controls import spend_refusal
from sandbox.simulators.courier import Courier, Letter
from sandbox.simulators.faults import FaultPlan
from sandbox.simulators.journal import Journal, format_now

# Per kind of work: the running word, the success word, the refusal word.
WORDS = {
    "POST": ("CREATING", "CREATED", "CREATING_FAILED"),
    "PUT": ("UPDATING", "UPDATED", "UPDATING_FAILED"),
    "DELETE": ("DELETING", "DELETED", "DELETING_FAILED"),
}
NOUNS = {"POST": "Creation", "PUT": "Update", "DELETE": "Deletion"}
LUXURY_LEAST = 1_000_000
LUXURY_HOUSES = frozenset({"CASTLE", "MANOR_HOUSE", "MANSION"})
# What a URL holds, and what becomes of its picture.
BAD_PICTURES = {"missing": "DOWNLOADING_FAILED", "broken": "CREATING_FAILED"}
MEDIA_FAILED = "_WITH_MEDIA_ERROR"


@dataclass
class Classified:
    """One classified of one intermediary.

    `deleted` from the DELETE on, unless it is refused; `live` = the portals that have it, `hidden` = those of them whose
    quota is reached, so that they do not show it; `fetched` = the media already taken; `statuses` newest first.
    """

    classified_id: str
    intermediary: str
    body: dict[str, Any]
    revision: int = 1
    deleted: bool = False
    live: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def estate_id(self) -> str:
        return str(self.body["data"]["metaData"]["source"]["offererEstateId"])

    def show(self) -> dict[str, Any]:
        return {**self.body, "classifiedId": self.classified_id}


@dataclass(frozen=True)
class Subscription:
    url: str
    statuses: frozenset[str] | None


class AvivPortal:
    """All intermediaries, classifieds and switches of the simulated AVIV."""

    def __init__(self, journal: Journal, courier: Courier, rules: dict[str, Any]) -> None:
        self.journal, self.courier, self.faults = journal, courier, FaultPlan()
        self._default_rules = rules
        self.restore_rules()
        self.forget_adverts()
        self.forget_connections()

    def forget_adverts(self) -> None:
        self.classifieds: dict[str, Classified] = {}

    def forget_connections(self) -> None:
        self.tokens: dict[str, tuple[str, float]] = {}
        self.token_counts: dict[str, int] = {}
        self.subscriptions: dict[str, Subscription] = {}

    def restore_rules(self) -> None:
        self.rules = dict(self._default_rules)

    def list_adverts(self) -> list[dict[str, Any]]:
        return [
            {
                "intermediary": one.intermediary,
                "revision": one.revision,
                "deleted": one.deleted,
                "live": sorted(one.live - one.hidden),
                **one.show(),
            }
            for one in self.classifieds.values()
        ]

    def list_offered(self, intermediary: str) -> list[Classified]:
        return [one for one in self.classifieds.values() if one.intermediary == intermediary and not one.deleted]

    async def accept(self, classified: Classified, kind: str, portals: list[str]) -> None:
        """Start the statuses of an accepted write; `portals` are those it concerns."""
        self.record(classified, portals, "RECEIVING", f"{NOUNS[kind]} taken in", subStatus=f"RECEIVING_{kind}")
        self.courier.run(self._process(classified, kind, portals, classified.revision, classified.body))
        if self.courier.early:
            await self.courier.settle(classified.classified_id)

    def record(
        self, classified: Classified, portals: list[str], status: str, message: str, **members: Any
    ) -> dict[str, Any]:
        """Add a status and call back; `members`: the contract's optional ones, `revision`, `callback` (or not).

        With `forged` it is called back and never was: nothing of it can be read.
        """
        callback, revision = members.pop("callback", True), members.pop("revision", classified.revision)
        forged = members.pop("forged", False)
        now = format_now()
        told = {"portals": portals, "status": status, "message": message, "statusDate": now}
        told |= {name: value for name, value in members.items() if value}
        own = {
            "statusId": str(uuid4()),
            "classifiedId": classified.classified_id,
            "customerId": str(uuid5(NAMESPACE_URL, classified.intermediary)),
            "creationDate": now,
            "revision": revision,
        }
        if forged:
            self._call_back(classified, told)
            return told
        classified.statuses.insert(0, own | told)
        if status in ("CREATED", "UPDATED", *(word + MEDIA_FAILED for word in ("CREATED", "UPDATED"))):
            classified.live |= set(portals)
            classified.hidden = {portal for portal in classified.live if not self._has_room(classified, portal)}
        elif status == "DELETED":
            classified.live -= set(portals)
        if callback:
            self._call_back(classified, told)
        return own | told

    def _has_room(self, classified: Classified, portal: str) -> bool:
        """Whether the contract lets the portal show one more. No status tells: `CREATED` stands all the same (§3.5)."""
        shown = [one for one in self.list_offered(classified.intermediary) if portal in one.live - one.hidden]
        quota = self.rules["quotas"].get(portal)
        return quota is None or len([one for one in shown if one is not classified]) < quota

    async def _process(
        self, classified: Classified, kind: str, portals: list[str], revision: int, body: dict[str, Any]
    ) -> None:
        """RECEIVED, then per portal what it makes of the write. Writes of one classified take turns."""
        third = self.rules["delay_ms"] / 3000
        async with classified.turn:
            await asyncio.sleep(third)
            if spend_refusal(self.rules, "RECEIVING"):
                self._fail_receiving(classified, kind, portals, revision)
                return
            self.record(
                classified,
                portals,
                "RECEIVED",
                f"{NOUNS[kind]} handed to the next step",
                subStatus=f"RECEIVED_{kind}",
                revision=revision,
            )
            groups = group_work(classified, kind, portals, body)
            await asyncio.sleep(third)
            for work, codes in groups:
                self.record(classified, codes, WORDS[work][0], f"{NOUNS[work]} in progress", revision=revision)
            await asyncio.sleep(third)
            for work, codes in groups:
                self._end(classified, work, codes, revision, body)
            if classified.statuses[0]["status"] == "DELETING_FAILED":
                classified.deleted = False
            if self.rules["compare"]:
                self._compare(classified, portals, revision)

    def _fail_receiving(self, classified: Classified, kind: str, portals: list[str], revision: int) -> None:
        """End a write that was not passed on (§4.1): the portals hear nothing of it, and it leaves nothing behind."""
        word, message = "RECEIVING_FAILED", f"{NOUNS[kind]} not passed on"
        self.record(classified, portals, word, message, subStatus=f"{word}_{kind}", revision=revision)
        classified.deleted = kind == "POST"

    def _compare(self, classified: Classified, portals: list[str], revision: int) -> None:
        """A word of no list, as the vendor's sandbox says it after comparing with a former feed (§4.1)."""
        lists = {"errorList": ["no such classified in the former feed"], "warnList": []}
        message = "Comparison with the former feed failed"
        self.record(classified, portals, "COMPARING_FAILED", message, revision=revision, **lists)

    def _end(self, classified: Classified, work: str, portals: list[str], revision: int, body: dict[str, Any]) -> None:
        ordered = spend_refusal(self.rules, work)
        refusals = {portal: "refused on request" if ordered else find_refusal(portal, work, body) for portal in portals}
        _, done, failed = WORDS[work]
        if passed := [portal for portal in portals if refusals[portal] is None]:
            media = [] if work == "DELETE" else self._fetch_media(classified, body)
            broken = any(item["status"].endswith("_FAILED") for item in media)
            word, message = (done + MEDIA_FAILED, ", some media refused") if broken else (done, "")
            self.record(
                classified, passed, word, f"{NOUNS[work]} done{message}", mediaStatuses=media, revision=revision
            )
        for reason in dict.fromkeys(reason for reason in refusals.values() if reason):
            codes = [portal for portal in portals if refusals[portal] == reason]
            self.record(classified, codes, failed, f"{NOUNS[work]} refused", subStatusDetails=reason, revision=revision)

    def _fetch_media(self, classified: Classified, body: dict[str, Any]) -> list[dict[str, str]]:
        pictures = [item["url"] for item in body.get("media", []) if item["mediaType"] == "PICTURE"]
        words = {url: "UPDATED" if url in classified.fetched else "CREATED" for url in pictures}
        words |= {url: word for url in pictures for mark, word in BAD_PICTURES.items() if mark in url}
        classified.fetched = {url for url in pictures if not words[url].endswith("_FAILED")}
        return [{"url": url, "status": word} for url, word in words.items()]

    def _call_back(self, classified: Classified, told: dict[str, Any]) -> None:
        """Push a status. How the media-error words are pushed is not known (aviv.md §6): a rule chooses."""
        subscription = self.subscriptions.get(classified.intermediary)
        if subscription is None:
            return
        body = dict(told)
        if body["status"].endswith(MEDIA_FAILED) and self.rules["media_errors"] != "named":
            if self.rules["media_errors"] == "never":
                return
            body["status"] = body["status"].removesuffix(MEDIA_FAILED)
            body["message"] = body["message"].partition(",")[0]
        if subscription.statuses is None or body["status"] in subscription.statuses:
            url = f"{subscription.url}/classifieds/{classified.classified_id}/statuses"
            self.courier.post(Letter(classified.classified_id, url, body))


def group_work(
    classified: Classified, kind: str, portals: list[str], body: dict[str, Any]
) -> list[tuple[str, list[str]]]:
    """What a write means per portal: taken off = DELETE, live already = PUT, else POST."""
    if kind == "DELETE":
        return [("DELETE", portals)]
    wanted = body["portals"]
    work = {
        portal: "DELETE" if portal not in wanted else "PUT" if portal in classified.live else "POST"
        for portal in portals
    }
    return [(name, codes) for name in WORDS if (codes := [portal for portal in portals if work[portal] == name])]


def list_concerned(classified: Classified, wanted: list[str]) -> list[str]:
    """The portals a write speaks of: those it names and those it takes off."""
    concerned = classified.live | {*classified.body["portals"], *wanted}
    return [portal for portal in PORTALS if portal in concerned]


def find_refusal(portal: str, work: str, body: dict[str, Any]) -> str | None:
    """Why a portal refuses a classified; None when it takes it."""
    if work == "DELETE":
        return None
    headlines = read(body, "/data/texts/headline")
    if isinstance(headlines, dict) and any("[refuse]" in str(text) for text in headlines.values()):
        return "headline not accepted"
    price = next(
        (
            amount
            for path in ("buy/price", "rent/baseRent")
            if (amount := read(body, f"/data/prices/{path}/amount")) is not ABSENT
        ),
        0,
    )
    if portal == "BD" and price < LUXURY_LEAST and read(body, "/data/estateSubType/house") not in LUXURY_HOUSES:
        return "price under the minimum of the portal"
    return None
