"""Ways that are no listing's own: each is gone again and again until the arm at hand has struck whoever came by."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from time import time
from typing import Any
from uuid import uuid4

from botocore.config import Config

from crashes.listings import Goal, Hub, Listing
from crashes.plan import Point
from crashes.ways import CHANGED, CHECKED, LIVE
from placard.domain.instants import to_text
from placard.use_cases.apply_events import PARKED_LOOKS
from sandbox.consent import give_consent
from sandbox.crm import Crm
from sandbox.embedded_aws import EmbeddedAws
from sandbox.errors import SandboxError
from sandbox.processes import await_condition
from sandbox.samples import PORTUGUESE_FLAT, load_sample
from sandbox.seed import SPOTAHOME_ACCOUNT
from sandbox.stack import describe_stack

# The longest time limit of a function is 280 seconds.
LONGEST_SECONDS = 290
# Longer than a second word of a classified needs to its telling, and shorter than a CRM may take.
SLOW_MILLISECONDS = 4000
SETTLED_SECONDS = 10.0
CONSENT_ENDED = "consent_revoked"
ALL_TOLD = {"since": "2026-01-01T00:00:00.000Z"}
# A message is looked at again a minute after it came, and once more by whoever takes it up from one who was cut off.
PARKED_SECONDS = 240.0
# Who was cut off holds the publication's lease, then the token's, each for half a minute.
CONSENT_SECONDS = 240.0
# The same where a token has to be renewed: who was cut off may hold its lease for a minute (`portals.spotahome.tokens.LEASE`),
# and a login may rest for half of one.
RENEWED_SECONDS = 95.0


class NotRightError(Exception):
    """Something has not come right; the message says what."""


@dataclass
class Errands:
    """Triggers of these ways, on one hub; `endpoints` is its `endpoints.json`. `flats` are listings at Spotahome, `houses`
    some at OLX and some at AVIV: a change of one waits for the lease of a function that was cut off in the change before,
    so another one comes next.

    What would disturb the CRM that everybody else tells is another agency's.
    """

    hub: Hub
    endpoints: Path
    flats: list[Listing]
    houses: list[Listing]
    _consents: int = 0
    _consented: Listing | None = None
    _published: bool = False
    _has_another: bool = False
    _has_history: bool = False
    _houses: dict[str, Iterator[Listing]] = field(init=False)
    _wanted: Iterator[Listing] = field(init=False)
    _posted: list[Listing] = field(default_factory=list)
    _aws: EmbeddedAws = field(init=False)
    _agency: Crm = field(init=False)
    _slow_agency: Crm = field(init=False)
    _restored_agency: Crm = field(init=False)

    def __post_init__(self) -> None:
        self._agency, self._slow_agency, self._restored_agency = (
            Crm(self.hub.endpoints, f"{name}-{uuid4().hex[:8]}")
            for name in ("agency", "slow-agency", "restored-agency")
        )
        self._aws = EmbeddedAws(int(self.hub.endpoints["aws"]["endpoint_url"].rpartition(":")[2]))
        self._resources = describe_stack(self._aws).resources
        self._houses = {name: cycle([one for one in self.houses if one.provider == name]) for name in ("olx", "aviv")}
        self._wanted = cycle(self.flats)

    def invoke(self, function: str, event: Any) -> None:
        """Call a function once, as its schedule does, and wait as long as it may last; what becomes of it is its own affair."""
        client = self._aws.client("lambda", Config(retries={"max_attempts": 3}, read_timeout=LONGEST_SECONDS))
        client.invoke(FunctionName=self._resources[function], Payload=json.dumps(event).encode())

    def sweep(self) -> None:
        """A flat goes public or comes down at Spotahome, which never says so; the agency has another one, of its own."""
        if not self._has_another:
            self.hub.switch("spotahome", "POST", "processes", {"count": 1, "email": SPOTAHOME_ACCOUNT["email"]})
            self._has_another = True
        self._published = not self._published
        order = {"state": "propertyVerified", "published": self._published}
        self.hub.switch("spotahome", "POST", f"properties/{self.flats[0].latest['advert']['id']}", order)
        self.invoke("PollSpotahomeFunction", {"sweep": "full"})

    def reconcile(self) -> None:
        """A round of what is past its due time: whatever was cut off on other ways, and messages without an advert."""
        self._call_about(str(uuid4()))
        self.invoke("ReconcileFunction", {})

    def park(self) -> None:
        """A word about an advert that the hub does not know: a minute later it is taken up, and left for its next look."""
        advert = str(uuid4())
        self._call_about(advert)
        if not await_condition(lambda: self._is_parked(advert), PARKED_SECONDS):
            raise NotRightError(f"the word about {advert} was not taken up again")

    def _call_about(self, advert: str) -> None:
        """AVIV says that an advert is published."""
        url = f"{self.hub.endpoints['receivers']['aviv']}/classifieds/{advert}/statuses"
        said = {"portals": ["SL"], "status": "CREATED", "creationDate": to_text(int(time() * 1000))}
        self.hub.http.post(url, json=said)

    def _is_parked(self, advert: str) -> bool:
        """Whether the one word about an advert is stored, and its second look is what it waits for."""
        rows = self._aws.client("dynamodb").query(
            TableName=self._resources["Table"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"REMOTE#aviv#{advert}"}},
        )["Items"]
        return any(int(row["due_at"]["N"]) == int(row["received_at"]["N"]) + PARKED_LOOKS[1] for row in rows)

    def compare(self) -> None:
        """The comparison of a new night, with what each portal lists, and new tokens for it."""
        # A night's work is done once, and this is the next night.
        table, night = self._resources["Table"], {"pk": {"S": "RECONCILE"}, "sk": {"S": "COMPARISON"}}
        self._aws.client("dynamodb").delete_item(TableName=table, Key=night)
        self._end_tokens()
        self.invoke("ReconcileFunction", {"compare": "nightly"})
        self.night()

    def night(self) -> None:
        """The comparison as each night makes it, and the operator's word that so many adverts did fall at once."""
        self.invoke("ReconcileFunction", {"compare": "heal", "release": self.hub.endpoints["customer_id"]})

    # Tokens end, somebody needs new ones, and nobody's end again before that is over: a token that is refused at its first
    # use is a wrong password to the hub, which then asks for none.

    def renew_for_sweep(self) -> None:
        """A sweep needs a new token."""
        self._end_tokens()
        self.invoke("PollSpotahomeFunction", {"sweep": "full"})

    def renew_for_flat(self) -> None:
        """A creation at Spotahome needs a new token; whoever needs it first asks for it."""
        logins = self._count_logins()
        self._end_tokens()
        flat = Listing(self.hub, "spotahome")
        self._posted.append(flat)
        flat.post()
        await_condition(lambda: self._count_logins() > logins, RENEWED_SECONDS)

    def _count_logins(self) -> int:
        """How many tokens Spotahome has given."""
        calls = self.hub.switch("spotahome", "GET", "calls?path=^/authentications$")["items"]
        return sum(call["status"] == 201 for call in calls)

    def renew_for_house(self) -> None:
        """A change at AVIV needs a new token."""
        self._end_tokens()
        house = self._change_house("aviv")
        await_condition(lambda: CHANGED.is_said(house.latest, house.revision), RENEWED_SECONDS)

    def renew_for_agent(self) -> None:
        """An agent's flat needs a new token, and no flat else."""
        self._pass_checks()
        self._end_tokens()
        self.assign(RENEWED_SECONDS)

    def renew_for_consent(self) -> None:
        """A change at OLX needs a new token. One that is lost before it was kept ends the agency's consent (lifecycle §8),
        and nothing else: once the agency has consented again, what was refused is done.
        """
        house = self._consented = self._consented or self._publish_by_consent()
        self.hub.switch("olx", "POST", f"accounts/{house.hub.endpoints['customer_id']}/expire-tokens")
        house.change()

        def is_refused() -> bool:
            latest = house.latest
            return (
                latest.get("revision") == house.revision and (latest.get("problem") or {}).get("code") == CONSENT_ENDED
            )

        await_condition(lambda: is_refused() or CHANGED.is_said(house.latest, house.revision), CONSENT_SECONDS)
        if is_refused():
            self._consent(str(house.hub.endpoints["customer_id"]))
            house.ask("retry")
        if not await_condition(lambda: CHANGED.is_said(house.latest, house.revision), CONSENT_SECONDS):
            raise NotRightError(f"{house.id}: the hub says {house.latest}")

    def _publish_by_consent(self) -> Listing:
        """Publish a house of an agency of its own: nobody else loses what it loses."""
        customer = f"consenting-agency-{uuid4().hex[:8]}"
        self._consent(customer)
        house = Listing(Hub({**self.hub.endpoints, "customer_id": customer}), "olx")
        house.post()
        if not await_condition(lambda: LIVE.is_said(house.latest, house.revision), CONSENT_SECONDS):
            raise SandboxError(f"{house.id} was not published: {house.latest}")
        return house

    def _consent(self, customer: str) -> None:
        """The agency consents, each time with a new code."""
        self._consents += 1
        done = give_consent(self.endpoints, customer, f"demo-authorization-code{'-' * self._consents}{customer}")
        if done.returncode:
            raise SandboxError(f"The agency could not consent: {done.stderr or done.stdout}")

    def _pass_checks(self) -> None:
        """All homes pass Spotahome's checks: the hub asks about those that wait for too long, and renews the token for that."""
        passed = {"state": "propertyVerified", "published": True}
        for home in self.hub.adverts("spotahome"):
            if not home["shown"]:
                self.hub.switch("spotahome", "POST", f"properties/{home['id']}", passed)

    def _end_tokens(self) -> None:
        """Two portals end their tokens. An OLX token that is lost ends in `consent_revoked`."""
        for portal in ("aviv", "spotahome"):
            self.hub.switch(portal, "POST", "tokens/expire")

    def _change_house(self, provider: str) -> Listing:
        house = next(self._houses[provider])
        house.change()
        return house

    def subscribe(self) -> None:
        """An agency subscribes, has a new secret, wants to be told again, and at last wants to be told nothing."""
        url = f"{self.hub.endpoints['simulators']['crm']}/another-agency"
        calls: list[tuple[str, str, Any]] = [
            ("PUT", "/webhooks", {"url": url}),
            ("GET", "/webhooks", None),
            ("POST", "/webhooks/rotate", None),
            ("POST", "/webhooks/replay", ALL_TOLD),
            ("DELETE", "/webhooks", None),
            ("POST", "/classifieds", load_sample(PORTUGUESE_FLAT, portals=["SL"])),
        ]
        for method, path, body in calls:
            self._agency.send(method, path, json=body)

    def knock(self) -> None:
        """An agency's CRM is slow to take what became of a classified, and there is more to tell of it already."""
        prefix = "/slow-agency"
        order = {"match": {"path": f"^{prefix}/"}, "kind": "delay", "ms": SLOW_MILLISECONDS, "times": 1}
        self.hub.switch("crm", "POST", "faults", order)
        self._slow_agency.send("PUT", "/webhooks", json={"url": self.hub.endpoints["simulators"]["crm"] + prefix})
        known = self._slow_agency.post(load_sample(PORTUGUESE_FLAT, portals=["SL"]))["classifiedId"]
        await_condition(lambda: bool(self._slow_agency.read_latest(known)), SETTLED_SECONDS)
        self._slow_agency.send("DELETE", f"/classifieds/{known}")

    def replay(self) -> None:
        """An agency's CRM was restored from a backup and wants to be told again, of one classified several things at once."""
        if not self._has_history:
            url = f"{self.hub.endpoints['simulators']['crm']}/restored-agency"
            self._restored_agency.send("PUT", "/webhooks", json={"url": url})
            known = self._restored_agency.post(load_sample(PORTUGUESE_FLAT, portals=["SL"]))["classifiedId"]
            self._has_history = await_condition(
                lambda: self._restored_agency.read_latest(known)["SL"]["status"] == "CREATED", SETTLED_SECONDS
            )
        self._restored_agency.send("POST", "/webhooks/replay", json=ALL_TOLD)

    def read(self) -> None:
        """The CRM reads all there is to read."""
        one = self.houses[0].id
        for path in (
            f"/classifieds/{one}",
            f"/classifieds/{one}/statuses",
            "/classifieds",
            "/statuses",
            "/publications",
        ):
            self.hub.demand("GET", path, params={"limit": 2})
        self.hub.demand("GET", "/listing-processes", params={"itemsPerPage": 2})
        self.hub.demand("POST", "/classifieds/preflight", json=self.houses[0].body)
        self.hub.demand(
            "POST", "/classifieds/batch", json={"items": [{"op": "put", "classified": self.houses[0].body}]}
        )

    def fail(self) -> None:
        """OLX fails for a moment, and its account is left alone. A failure that nobody met the last time is taken back."""
        self.hub.switch("olx", "DELETE", "faults")
        for status in (503, 502):
            self.hub.switch("olx", "POST", "faults", {"kind": "status", "status": status, "times": 1})
        self._change_house("olx")

    def assign(self, seconds: float = SETTLED_SECONDS) -> None:
        """The CRM gives a flat another agent; waits so long for Spotahome to have heard of it."""
        flat, agent = next(self._wanted), str(uuid4())
        flat.find_process()
        self.hub.demand("PUT", f"/listing-processes/{flat.process}/assignation", json={"agentId": agent})
        process = f"processes/{flat.process}"
        await_condition(lambda: self.hub.switch("spotahome", "GET", process)["agentId"] == agent, seconds)

    @property
    def goals(self) -> dict[Listing, Goal]:
        """Where those end that errands have changed or published. A flat's checks are ended by an errand, or by nobody."""
        shown = {home["id"] for home in self.hub.adverts("spotahome") if home["shown"]}
        flats = {
            flat: LIVE if (flat.latest.get("advert") or {}).get("id") in shown else CHECKED for flat in self._posted
        }
        return {house: CHANGED if house.price else LIVE for house in self.houses} | flats


# Ending everybody's tokens slows all other ways down, and a sweep or a comparison lasts the longer the more listings there are.
FIRST = "first"
# What is past its due time is there once others were cut off.
LAST = "last"


@dataclass(frozen=True)
class Errand:
    """A way of this kind: which functions are cut off on it, and what sets it going.

    Its points are those whose name holds one of `parts` and none of `but`, at the end of a way `via` there: what others
    pass beside them meanwhile is not the errand's.
    """

    name: str
    functions: tuple[str, ...]
    go: Callable[[Errands], None]
    group: str = "quick"
    parts: tuple[str, ...] = ("",)
    but: tuple[str, ...] = ()
    via: str = ""

    @property
    def leases(self) -> bool:
        """Whether it takes leases: who was cut off before may hold the one that the next turn needs."""
        return self.parts == RENEWING

    def owns(self, point: Point) -> bool:
        """Whether a point is the errand's."""
        name = str(point)
        named = any(part in name for part in self.parts) and not any(part in name for part in self.but)
        return named and point.via.endswith(self.via) and point.function in self.functions


# What ends an agency's consent when it is lost.
CONSENT = "olx.tokens"
COMPARING = ("aws.progress", "aws.vault", "aws.classifieds", "aws.reads", "aws.processes", "portals.")
# Not what creations that were cut off before pass, which the same function tries again.
ASSIGNING = ("listing_processes:", "_push", ": aws.processes")
# What needs a token passes these only where one has just ended: the renewals see to that.
RENEWING = ("tokens.Tokens", "vault.Vault.write", "vault.Vault._change")
# A flat's process is looked for once only; `read` lists them each time.
NOT_ASSIGNING = (*RENEWING, "list_processes")
ERRANDS = (
    Errand("poll", ("poll_spotahome",), Errands.sweep, "sweeps", but=RENEWING),
    Errand("compare", ("reconcile",), Errands.compare, FIRST, COMPARING, (CONSENT,)),
    Errand("fail", ("deliver_publication",), Errands.fail, FIRST, ("aws.circuits",)),
    Errand("renew-sweep", ("poll_spotahome",), Errands.renew_for_sweep, FIRST, RENEWING, via="_request"),
    Errand("renew-house", ("deliver_publication",), Errands.renew_for_house, FIRST, RENEWING, via="_operate"),
    Errand("renew-agent", ("deliver_publication",), Errands.renew_for_agent, FIRST, RENEWING, via="_push"),
    Errand("renew-consent", ("deliver_publication",), Errands.renew_for_consent, FIRST, RENEWING, via="_operate"),
    # It leaves flats that all want the next token, so nobody renews one after it.
    Errand("renew-flat", ("deliver_publication",), Errands.renew_for_flat, FIRST, RENEWING, via="_find"),
    Errand("due", ("reconcile",), Errands.reconcile, LAST),
    Errand("assign", ("listing_processes", "deliver_publication"), Errands.assign, parts=ASSIGNING, but=NOT_ASSIGNING),
    Errand("subscribe", ("subscribe_webhook", "notify_crm"), Errands.subscribe),
    Errand("knock", ("notify_crm",), Errands.knock, "slow", (".knock.",)),
    Errand("park", ("reconcile", "apply_events"), Errands.park, "parked", ("retry_messages", "fold_message")),
    Errand("replay", ("notify_crm",), Errands.replay, parts=(".keep.", ".expect.")),
    Errand("read", ("query_status", "publish_classified", "listing_processes"), Errands.read),
)
