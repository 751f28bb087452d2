"""The same cause has the same code on every portal: causes × portals of the three contracts, each driven by a real path.

A row is a cause, its code, and for each portal that knows the cause a way to bring it about. Every code of the catalogue has
a row here, so none is without a test.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
import pytest

from placard.domain.answers import overdue
from placard.domain.channels import CHANNEL_OF, PROVIDER_OF
from placard.domain.errors import CredentialsError, PortalRejectedError
from placard.domain.events import Operation, PortalEvent
from placard.domain.faults import stumble
from placard.domain.instants import DAY, MINUTE
from placard.domain.problems import CATALOGUE
from placard.portals.aviv.words import read_status
from placard.portals.registry import load_policy
from placard.portals.spotahome.states import interpret_row
from placard.ports import Call, Publisher, Row
from tests.fakes import FakeClock, MemoryVault
from tests.unit.domain.hub import Hub
from tests.unit.portals.aviv import stage as aviv
from tests.unit.portals.olx import stage as olx
from tests.unit.portals.olx.told import read, tell
from tests.unit.portals.scene import CUSTOMER, Portal, make_classified, read_contract
from tests.unit.portals.spotahome import stage as spotahome

Codes = set[str]
Way = Callable[[], Codes]
Secrets = Mapping[str, Mapping[str, Any]] | None
STAGES: Mapping[str, Any] = {"olx": olx, "aviv": aviv, "spotahome": spotahome}
# A classified that each takes, its portal and its channel.
SAMPLES = {
    "olx": (olx.make_body(), "IMOVIRTUAL", "imovirtual"),
    "aviv": (aviv.RESALE, "SL", "aviv"),
    "spotahome": (spotahome.make_body(), "SPOTAHOME", "spotahome"),
}
OLX_SITES = ("IMOVIRTUAL", "OTODOM", "STORIA", "OLXRO")
CONTRACT = {
    "SL": "sl_resale",
    "BD": "bd_luxury",
    "SLN": "sln_new_homes",
    "SLC": "slc_construction",
}
# What OLX Romania demands beyond the other sites.
TITLE = "Apartament cu doua camere"
CONTACT = {"name": "Ana", "email": "ana@example.com", "phone": "912345678"}
ROMANIAN = {"OLXRO": {"categoryUrn": "urn:concept:apartments", "contact": CONTACT}}


class Expected(NamedTuple):
    """One cause: its code on every portal, and portal → the way it comes about there."""

    code: str
    ways: Mapping[str, Way]


# --- found by our own rules ------------------------------------------------------------------------------------------


def lacking(portal: str, pointer: str, *value: Any) -> Way:
    """Render a classified that the portal takes but for this member: taken out, or given another value."""

    def way() -> Codes:
        if portal in CONTRACT:
            sample = read_contract(f"aviv/classified_{CONTRACT[portal]}.json")
            if portal == "BD":
                # A castle may have any price.
                sample["data"] |= {"estateSubType": {"house": "VILLA"}}
        elif portal == "SPOTAHOME":
            sample = spotahome.make_body()
        else:
            sample = olx.make_body(portal)
            if portal == "OLXRO":
                sample |= {"specific": {"olx": ROMANIAN}}
                sample["data"] |= {"texts": {"headline": {"ro": TITLE}, "description": {"ro": f"{TITLE} " * 4}}}
        assert not broken(portal, sample)
        return broken(portal, replaced(sample, pointer, *value))

    return way


def replaced(body: Mapping[str, Any], pointer: str, *value: Any) -> dict[str, Any]:
    result: dict[str, Any] = copy.deepcopy(dict(body))
    *parents, last = pointer.split("/")[1:]
    part = result
    for name in parents:
        part = part[name]
    if value:
        part[last] = value[0]
    else:
        del part[last]
    return result


def broken(portal: str, body: Mapping[str, Any]) -> Codes:
    """Return the codes that a portal's rules find in a body."""
    channel = CHANNEL_OF[portal]
    publisher = STAGES[PROVIDER_OF[channel]].make_publisher(Portal(httpx.Response(500)), FakeClock())
    rendering = publisher.render(make_classified({**body, "portals": [portal]}), channel)
    return {problem.code for problem in rendering.problems.get(portal, ())}


def of_all(portals: tuple[str, ...], make: Callable[..., Way], pointer: str, *value: Any) -> dict[str, Way]:
    return {portal: make(portal, pointer, *value) for portal in portals}


# --- found by the account, or said in an answer ----------------------------------------------------------------------


def refused(
    provider: str, *answers: httpx.Response, body: Mapping[str, Any] | None = None, secrets: Secrets = None
) -> Way:
    """Send a POST to a portal that answers so, with these secrets in the vault; an empty one is as good as none."""

    def way() -> Codes:
        stage, clock = STAGES[provider], FakeClock()
        vault = stage.make_vault(clock)
        for name, value in (secrets or {}).items():
            known = vault.read(name, fresh=True)
            assert vault.write(name, value, 0 if known is None else known.version)
        publisher = stage.make_publisher(Portal(*(answers or (httpx.Response(500),))), clock, vault)
        return post(publisher, body or SAMPLES[provider][0])

    return way


def post(publisher: Publisher, body: Mapping[str, Any]) -> Codes:
    """Return the codes with which a POST is refused."""
    classified = make_classified(body)
    channel = CHANNEL_OF[classified.portals[0]]
    rendering = publisher.render(classified, channel)
    with pytest.raises((CredentialsError, PortalRejectedError)) as caught:
        publisher.send(Call(Operation.POST, channel, classified, rendering, classified.portals, None))
    error = caught.value
    problems = error.problems if isinstance(error, PortalRejectedError) else (error.problem,)
    return {problem.code for problem in problems}


def unknown_to(provider: str) -> Way:
    """Send a POST where the vault has nothing of the hub's own."""

    def way() -> Codes:
        accounts = {
            f"olx/accounts/{CUSTOMER}/imovirtual": {"main": {}},
            f"aviv/accounts/{CUSTOMER}": {"main": {"intermediary_id": "RC-1"}},
        }
        clock = FakeClock()
        vault = MemoryVault(clock, accounts | {olx.TOKEN: {"refresh_token": "r"}})
        return post(STAGES[provider].make_publisher(Portal(httpx.Response(500)), clock, vault), SAMPLES[provider][0])

    return way


def olx_400(field: str) -> httpx.Response:
    errors = [{"field": field, "message": "is not right"}]
    return httpx.Response(400, json={"transaction_id": "t", "message": "no", "errors": errors})


def aviv_400(kind: str, *errors: dict[str, str]) -> httpx.Response:
    said = {"type": f"https://x.test/Errors/{kind}", "title": "Bad request", "status": 400, "detail": "no"}
    return httpx.Response(400, json=said | {"instance": "i", "errors": list(errors), "errorSource": "body"})


TWO = {"main": {"intermediary_id": "RC-1"}, "other": {"intermediary_id": "RC-2"}}
EXPIRED = httpx.Response(403, json={"message": "Access token expired"})
OLX_GRANTED = httpx.Response(200, json={"access_token": "a", "refresh_token": "r", "expires_in": 3600})


# --- folded by the core under the portal's manifest ------------------------------------------------------------------


def hub_of(provider: str) -> tuple[Hub, str]:
    """Return a hub whose POST is on its way, and its portal."""
    _, portal, channel = SAMPLES[provider]
    hub = Hub(policy=load_policy(provider), channel=channel)
    hub.post(portal)
    assert hub.begun() is Operation.POST
    return hub, portal


def live(provider: str) -> Hub:
    hub, portal = hub_of(provider)
    hub.accept("r-1")
    if provider == "olx":
        hub.fold(said_by_olx("advert_posted_success", hub, code="active", visible_in_profile=True))
    else:
        hub.fold(said_by_aviv("CREATED", hub, 1))
    assert hub.known.standings[portal].advert.live
    return hub


def told(hub: Hub) -> Codes:
    return {problem.code for problem in hub.last.problems}


def said_by_olx(event_type: str, hub: Hub, **data: Any) -> PortalEvent:
    hub.now += 1000
    found = read(tell(event_type, hub.now, f"t-{len(hub.calls)}", **data), received_at=hub.now)
    return replace(found, remote_id=hub.known.remote_id)


def said_by_aviv(word: str, hub: Hub, revision: int, **more: Any) -> PortalEvent:
    hub.now += 1000
    item = {"portals": ["SL"], "status": word, "message": "", "revision": revision, **more}
    assert hub.known.remote_id is not None
    return read_status(item, hub.known.remote_id, hub.now)


def after(provider: str, say: Callable[[Hub], Any], *, ended: bool = True) -> Way:
    """Let a portal say something of an advert that is live, or whose creation it has taken; return what the CRM reads."""

    def way() -> Codes:
        if ended:
            hub = live(provider)
        else:
            hub, _ = hub_of(provider)
            hub.accept("r-1")
        say(hub)
        return told(hub)

    return way


def olx_says(event_type: str = "advert_state_changed", *, ended: bool = True, **data: Any) -> Way:
    return after("olx", lambda hub: hub.fold(said_by_olx(event_type, hub, **data)), ended=ended)


def aviv_says(word: str, revision: int, *, ended: bool = True, **more: Any) -> Way:
    return after("aviv", lambda hub: hub.fold(said_by_aviv(word, hub, revision, **more)), ended=ended)


def polled(*seen: tuple[str, bool | None]) -> Way:
    """Let sweeps meet a Spotahome property so, one after the other: its process's state, and whether it is public."""

    def way() -> Codes:
        hub, _ = hub_of("spotahome")
        hub.accept("r-1")
        for state, published in seen:
            hub.now += MINUTE
            hub.fold(interpret_row(Row(7, state, property_id="r-1", published=published), None, hub.now))
        return told(hub)

    return way


def down(provider: str, since: int) -> Way:
    """Let the portal be down for this long."""

    def way() -> Codes:
        hub, _ = hub_of(provider)
        hub.fail(taken=False)
        hub.now += since
        assert hub.begun() is Operation.POST
        hub.fail(taken=False)
        return told(hub)

    return way


def silent(provider: str) -> Way:
    """Let the portal take the call and say no more."""

    def way() -> Codes:
        hub, _ = hub_of(provider)
        hub.accept("r-1")
        hub.now += hub.policy.operation_due
        hub._take(overdue(hub.known, hub.policy, hub.now))
        return told(hub)

    return way


def posted_again(provider: str) -> Way:
    """Delete, and post within the day."""

    def way() -> Codes:
        hub = live(provider)
        hub.delete()
        assert hub.begun() is Operation.DELETE
        hub.accept()
        hub.fold(said_by_olx("advert_deleted_success", hub, code="removed_by_user", visible_in_profile=False))
        hub.post("IMOVIRTUAL")
        hub.look()
        return told(hub)

    return way


def stumbling(provider: str) -> Way:
    """Let every look break, up to the last receive of its message."""

    def way() -> Codes:
        hub, _ = hub_of(provider)
        hub.accept("r-1")
        hub._take(stumble(hub.known, "KeyError", hub.policy, hub.now, last=True))
        return told(hub)

    return way


PICTURE = {"url": "https://img.test/1.jpg", "status": "CREATING_FAILED"}
ROWS: dict[str, Expected] = {
    # --- the listing ---
    "no title": Expected("missing_field", of_all(OLX_SITES, lacking, "/data/texts/headline")),
    "no description": Expected("missing_field", of_all((*OLX_SITES, "BD"), lacking, "/data/texts/description")),
    "no price": Expected("missing_field", of_all((*OLX_SITES, *CONTRACT), lacking, "/data/prices/buy", {})),
    "no picture": Expected("missing_field", of_all((*OLX_SITES, "BD", "SLN", "SLC"), lacking, "/media", [])),
    "nothing that says where": Expected(
        "missing_field",
        of_all((*OLX_SITES, "SPOTAHOME"), lacking, "/data/location", {})
        | of_all(tuple(CONTRACT), lacking, "/data/location/postalcode"),
    ),
    "coordinates that are none": Expected(
        "missing_field",
        of_all(
            (*OLX_SITES[1:], "SPOTAHOME"),
            lacking,
            "/data/location/geometry",
            {"type": "Point", "coordinates": ["west", None]},
        ),
    ),
    "a demanded attribute": Expected(
        "missing_field", of_all(("STORIA",), lacking, "/data/structure/rooms/numberOfRooms")
    ),
    "a description too short": Expected(
        "invalid_field",
        of_all(OLX_SITES, lacking, "/data/texts/description", {"en": "A flat."})
        | of_all(("BD",), lacking, "/data/texts/description", {"fr": "Un appartement."}),
    ),
    "a link in the text": Expected(
        "invalid_field",
        of_all(OLX_SITES, lacking, "/data/texts/description", {"en": "See https://x.example for this flat. " * 5}),
    ),
    "a currency not taken": Expected("invalid_field", of_all(OLX_SITES, lacking, "/data/prices/currency", "JPY")),
    "a price below the threshold": Expected(
        "invalid_field", of_all(("BD",), lacking, "/data/prices/buy/price/amount", 1)
    ),
    "no category for the type": Expected(
        "unmapped_category", of_all((*OLX_SITES[:3], "SPOTAHOME"), lacking, "/data/estateType", "GASTRONOMY_HOTEL")
    ),
    "a type never taken": Expected("unsupported", of_all(("SLN", "SLC"), lacking, "/data/estateType", "OFFICE")),
    "an offer never taken": Expected("unsupported", of_all(("SPOTAHOME",), lacking, "/data/distributionType", "BUY")),
    "a city never served": Expected("unsupported", of_all(("SPOTAHOME",), lacking, "/data/location/city", "Braga")),
    "a field the portal refuses": Expected(
        "invalid_field",
        {
            "IMOVIRTUAL": refused("olx", olx_400("title")),
            "SL": refused("aviv", aviv_400("Validation-Error", {"name": "/data/estateType", "reason": "unknown"})),
            "SPOTAHOME": refused("spotahome", spotahome.error(422)),
        },
    ),
    "a field the portal misses": Expected(
        "missing_field",
        {
            "IMOVIRTUAL": refused("olx", olx_400("contact.phone")),
            "SL": refused(
                "aviv", aviv_400("Validation-Error", {"name": "/data/texts/area", "reason": "must be present"})
            ),
        },
    ),
    "a field refused after the call": Expected(
        "invalid_field",
        {
            "IMOVIRTUAL": olx_says(
                "advert_posted_error",
                ended=False,
                title="AdvertsPostingException",
                validation=[{"field": "title", "detail": "bad"}],
            )
        },
    ),
    "a refusal without a field": Expected(
        "rejected_by_portal",
        {
            "IMOVIRTUAL": refused("olx", httpx.Response(400, json={"message": "no"})),
            "SL": refused("aviv", aviv_400("Never-Heard-Of-Error")),
            "SPOTAHOME": refused("spotahome", spotahome.error(400)),
        },
    ),
    "a failure without a reason": Expected(
        "rejected_by_portal",
        {
            "IMOVIRTUAL": olx_says("advert_posted_error", ended=False, title="Never heard of"),
            "SL": aviv_says("CREATING_FAILED", 1, ended=False),
            "SPOTAHOME": polled(("propertyUnverified", False)),
        },
    ),
    "a picture refused": Expected(
        "media_refused",
        {
            "IMOVIRTUAL": olx_says("advert_image_error", title="Dimensions of https://img.test/1.jpg"),
            "SL": aviv_says("CREATED_WITH_MEDIA_ERROR", 1, mediaStatuses=[PICTURE]),
        },
    ),
    "a medium used elsewhere": Expected("media_refused", {"SL": refused("aviv", aviv_400("Duplicated-Media-Error"))}),
    # --- the agency's account ---
    "no account": Expected(
        "not_connected",
        {
            "IMOVIRTUAL": refused("olx", secrets={f"olx/accounts/{CUSTOMER}/imovirtual": {}}),
            "SL": refused("aviv", secrets={f"aviv/accounts/{CUSTOMER}": {}}),
            "SPOTAHOME": refused("spotahome", secrets={spotahome.ACCOUNTS: {}}),
        },
    ),
    "several accounts": Expected(
        "account_ambiguous",
        {
            "IMOVIRTUAL": refused("olx", secrets={f"olx/accounts/{CUSTOMER}/imovirtual": TWO}),
            "SL": refused("aviv", secrets={f"aviv/accounts/{CUSTOMER}": TWO}),
            "SPOTAHOME": refused("spotahome", secrets={spotahome.ACCOUNTS: TWO}),
        },
    ),
    "an account that is refused": Expected(
        "credentials_invalid",
        {
            "SL": refused(
                "aviv",
                httpx.Response(400, json={"error": "unknown intermediary"}),
                secrets={aviv.TOKEN: {}},
            ),
            "SPOTAHOME": refused("spotahome", spotahome.error(401), secrets={spotahome.TOKEN: {}}),
        },
    ),
    "consent taken back": Expected(
        "consent_revoked",
        {
            "IMOVIRTUAL": refused("olx", EXPIRED, httpx.Response(400, json={"message": "refresh token is invalid"})),
            "OTODOM": refused(
                "olx",
                EXPIRED,
                OLX_GRANTED,
                EXPIRED,
                body=olx.make_body("OTODOM"),
                secrets={
                    f"olx/accounts/{CUSTOMER}/otodom": {"main": {}},
                    f"olx/token/{CUSTOMER}/otodom/main": {
                        "access_token": "a",
                        "refresh_token": "r",
                        "expires_at": 2**53,
                    },
                },
            ),
        },
    ),
    # --- the hub's own credentials ---
    "no credentials of the hub's own": Expected(
        "credentials_app", {"IMOVIRTUAL": unknown_to("olx"), "SL": unknown_to("aviv")}
    ),
    "the hub's own credentials refused": Expected(
        "credentials_app",
        {
            "IMOVIRTUAL": refused("olx", httpx.Response(403, json={"message": "Invalid API key"})),
            "SL": refused("aviv", aviv.problem("403")),
        },
    ),
    # --- what the portal does with the advert ---
    "no package": Expected("payment_required", {"IMOVIRTUAL": olx_says(code="unpaid")}),
    "the quota used up": Expected("quota_reached", {"IMOVIRTUAL": olx_says(code="limited")}),
    "taken down by moderation": Expected(
        "moderated",
        {
            "IMOVIRTUAL": olx_says(code="moderated", moderation={"reason": "Repeated", "description": None}),
            "OTODOM": olx_says(code="removed_by_moderator"),
        },
    ),
    "expired": Expected("expired", {"IMOVIRTUAL": olx_says(code="outdated")}),
    "the account's package expired": Expected("package_expired", {"IMOVIRTUAL": olx_says(code="outdated_by_package")}),
    "taken off by somebody at the portal": Expected(
        "removed_on_portal",
        {
            "IMOVIRTUAL": olx_says(code="removed_by_user", visible_in_profile=False),
            "SPOTAHOME": polled(("propertyVerified", True), ("propertyVerified", False)),
        },
    ),
    "its investment removed": Expected("parent_removed", {"IMOVIRTUAL": olx_says(code="removed_by_parent_ad")}),
    "in review": Expected(
        "not_live_yet",
        {"IMOVIRTUAL": olx_says(code="blocked"), "OTODOM": olx_says(code="a word never heard")}
        | {"SPOTAHOME": polled(("propertyVerified", False))},
    ),
    "called off by somebody at the portal": Expected("removed_on_portal", {"SPOTAHOME": polled(("cancelled", None))}),
    "a step for people": Expected("manual_step", {"SPOTAHOME": polled(("waitingContent", None))}),
    "public without a passed check": Expected("unverified", {"SPOTAHOME": polled(("propertyUnverified", True))}),
    "a step the state does not permit": Expected(
        "not_permitted",
        {"IMOVIRTUAL": olx_says("advert_posted_error", ended=False, title="BadRequestException", detail="must be new")},
    ),
    # --- the portal does not answer ---
    "the portal is down": Expected(
        "portal_unavailable",
        {"IMOVIRTUAL": down("olx", 15 * MINUTE), "SL": down("aviv", 15 * MINUTE)}
        | {"SPOTAHOME": down("spotahome", 15 * MINUTE)},
    ),
    "the portal is down for a day": Expected(
        "portal_unavailable", {portal: down(provider, DAY) for provider, (_, portal, _) in SAMPLES.items()}
    ),
    "the portal never tells the end": Expected(
        "overdue", {portal: silent(provider) for provider, (_, portal, _) in SAMPLES.items()}
    ),
    "the hub itself fails": Expected(
        "hub_error", {portal: stumbling(provider) for provider, (_, portal, _) in SAMPLES.items()}
    ),
    "posted within a day of its deletion": Expected("repost_wait", {"IMOVIRTUAL": posted_again("olx")}),
}


@pytest.mark.parametrize(
    ("cause", "portal"),
    [pytest.param(cause, portal, id=f"{cause}: {portal}") for cause, row in ROWS.items() for portal in row.ways],
)
def test_a_cause_has_the_same_code_on_every_portal(cause: str, portal: str) -> None:
    row = ROWS[cause]
    assert row.ways[portal]() == {row.code}


def test_no_code_is_without_a_test() -> None:
    assert {row.code for row in ROWS.values()} == CATALOGUE.keys()
