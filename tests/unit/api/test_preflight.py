"""What each portal would make of a classified, told before anything is stored or sent (contracts/hub.md §2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from placard.domain import ids
from placard.domain.channels import CHANNEL_OF, PORTALS, PROVIDER_OF
from placard.portals.registry import PROVIDERS, load_publisher, load_renderer, publisher_variables
from tests.fakes import FakeClock, MemoryVault
from tests.unit.api.crm import ROOT, Crm, change, make_body, read_event, remove

CUSTOMER = "agency-0042"
AVIV_ACCOUNT = {f"aviv/accounts/{CUSTOMER}": {"main": {"intermediary_id": "i-1"}}}
OLX_ACCOUNT = {f"olx/accounts/{CUSTOMER}/imovirtual": {"main": {}}}
BRAGA = json.loads((ROOT / "sandbox/samples/braga_sale.json").read_text())
MEMBERS = {"ready", "problems", "normalised", "payload"}


def verdicts(crm: Crm, body: Any) -> dict[str, Any]:
    answer = crm.preflight(body)
    assert answer.status == 200
    assert answer.json.keys() == {"portals"}
    portals: dict[str, Any] = answer.json["portals"]
    return portals


def codes(verdict: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in verdict["problems"]]


def test_each_portal_has_a_verdict_of_its_own_in_the_bodys_order() -> None:
    told = verdicts(Crm(secrets=AVIV_ACCOUNT), make_body(portals=["IMOVIRTUAL", "BD", "SL"]))
    assert list(told) == ["IMOVIRTUAL", "BD", "SL"]
    assert all(verdict.keys() == MEMBERS for verdict in told.values())
    assert (told["SL"]["ready"], told["SL"]["problems"]) == (True, [])
    # BD's own rules (seed 003), which are none of SL's.
    assert told["BD"]["ready"] is False
    assert all(problem.keys() >= {"code", "actor", "retriable", "detail", "hint"} for problem in told["BD"]["problems"])


def test_every_portal_of_the_contract_can_be_asked_about() -> None:
    assert list(verdicts(Crm(), make_body(portals=list(PORTALS)))) == list(PORTALS)


def test_nothing_is_stored() -> None:
    crm = Crm(secrets=AVIV_ACCOUNT)
    verdicts(crm, make_body())
    assert crm.store.records == []
    assert crm.list().json == {"items": []}


def test_the_payload_is_what_the_portal_would_be_sent() -> None:
    crm = Crm(secrets=AVIV_ACCOUNT | OLX_ACCOUNT)
    told = verdicts(crm, BRAGA | {"portals": ["IMOVIRTUAL"]})["IMOVIRTUAL"]
    assert (told["ready"], told["problems"]) == (True, [])
    classified_id = ids.classified_id(CUSTOMER, BRAGA["data"]["metaData"]["source"]["offererEstateId"])
    assert told["payload"]["custom_fields"]["id"] == f"{classified_id}-sale"
    assert told["payload"]["price"] == {"value": 187500, "currency": "EUR"}
    sent = verdicts(crm, make_body(portals=["SL", "BD"]))["SL"]["payload"]
    assert sent["portals"] == ["SL"]
    assert sent["data"]["prices"] == make_body()["data"]["prices"]


def test_what_is_changed_to_fit_is_told() -> None:
    body = change(BRAGA | {"portals": ["IMOVIRTUAL"]}, "/data/texts/headline/pt", "APARTAMENTO T2 NOVO EM BRAGA 🏡🏡")
    told = verdicts(Crm(secrets=OLX_ACCOUNT), body)["IMOVIRTUAL"]
    (changed,) = [one for one in told["normalised"] if one["field"] == "/data/texts/headline/pt"]
    assert changed["from"] == "APARTAMENTO T2 NOVO EM BRAGA 🏡🏡"
    assert changed["to"] == told["payload"]["title"]


def test_a_deployers_rules_count() -> None:
    rules = json.dumps({"leastPrice": {"BUY": {"": 1}}, "leastDescription": 1, "leastSurface": 1})
    body = make_body(portals=["BD"])
    strict, eased = (verdicts(Crm(secrets=AVIV_ACCOUNT, aviv_rules=text), body)["BD"] for text in ("{}", rules))
    assert len(eased["problems"]) < len(strict["problems"])


@pytest.mark.parametrize("portal", ["SL", "IMOVIRTUAL", "OTODOM", "STORIA", "OLXRO", "SPOTAHOME"])
def test_a_portal_without_an_account_is_not_ready(portal: str) -> None:
    told = verdicts(Crm(), make_body(portals=[portal]))[portal]
    assert told["ready"] is False
    assert codes(told)[-1] == "not_connected"


def test_several_accounts_need_a_choice() -> None:
    crm = Crm(secrets={f"olx/accounts/{CUSTOMER}/imovirtual": {"north": {}, "south": {}}})
    body = BRAGA | {"portals": ["IMOVIRTUAL"]}
    assert codes(verdicts(crm, body)["IMOVIRTUAL"]) == ["account_ambiguous"]
    chosen = body | {"specific": {"olx": {"IMOVIRTUAL": {"account": "south"}}}}
    assert verdicts(crm, chosen)["IMOVIRTUAL"]["ready"] is True
    unknown = body | {"specific": {"olx": {"IMOVIRTUAL": {"account": "west"}}}}
    assert codes(verdicts(crm, unknown)["IMOVIRTUAL"]) == ["not_connected"]


FLAT_TO_LET = json.loads((ROOT / "sandbox/samples/madrid_rental.json").read_text()) | {"portals": ["SPOTAHOME"]}
LOGIN = {"email": "feeds@agency.example", "password": "not-a-real-password"}


def spotahome_account(**account: str) -> dict[str, Any]:
    return {f"spotahome/accounts/{CUSTOMER}": {"main": {**LOGIN, **account}}}


def test_a_flat_to_let_is_ready_for_spotahome() -> None:
    told = verdicts(Crm(secrets=spotahome_account(owner_id="o-1")), FLAT_TO_LET)["SPOTAHOME"]
    assert (told["ready"], told["problems"]) == (True, [])
    assert (told["payload"]["type"], told["payload"]["location"]["cityId"]) == ("apartment", "madrid")


@pytest.mark.parametrize(
    ("body", "secrets", "expected"),
    [
        (FLAT_TO_LET, {}, ["not_connected"]),
        (FLAT_TO_LET, spotahome_account(), ["credentials_invalid"]),
        (FLAT_TO_LET, spotahome_account(email=""), ["credentials_invalid"]),
        (change(FLAT_TO_LET, "/data/location/city", "Braga"), spotahome_account(owner_id="o-1"), ["unsupported"]),
        (BRAGA | {"portals": ["SPOTAHOME"]}, spotahome_account(owner_id="o-1"), ["unsupported"]),
    ],
    ids=["no account", "no owner", "no login", "no such city", "a sale"],
)
def test_what_stands_against_spotahome_is_told(body: Any, secrets: dict[str, Any], expected: list[str]) -> None:
    told = verdicts(Crm(secrets=secrets), body)["SPOTAHOME"]
    assert (told["ready"], codes(told)) == (False, expected)


def test_an_owner_that_the_listing_names_needs_none_in_the_account() -> None:
    body = FLAT_TO_LET | {"specific": {"spotahome": {"ownerId": "o-2"}}}
    told = verdicts(Crm(secrets=spotahome_account()), body)["SPOTAHOME"]
    assert (told["ready"], told["payload"]["ownerId"]) == (True, "o-2")


def test_another_customers_account_does_not_count() -> None:
    crm = Crm(secrets=AVIV_ACCOUNT, customer="agency-0043")
    assert codes(verdicts(crm, make_body())["SL"]) == ["not_connected"]


@pytest.mark.parametrize("pointer", ["/portals", "/data/estateType", "/data/metaData/source/offererEstateId"])
def test_a_wrong_shape_is_refused_as_by_a_post(pointer: str) -> None:
    body = remove(make_body(), pointer)
    posted, told = Crm().post(body), Crm().preflight(body)
    assert told.status == posted.status == 400
    assert told.faults == posted.faults == {pointer}


def test_a_body_over_256_kib_is_too_large() -> None:
    assert Crm().preflight(make_body() | {"own": "x" * 256 * 1024}).status == 413


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_delivery_renders_the_very_same(provider: str) -> None:
    """The publisher's rendering is the renderer's, not another like it."""
    clock = FakeClock()
    vault = MemoryVault(clock)
    addresses = dict.fromkeys(publisher_variables(provider), "https://portal.invalid")
    publisher = load_publisher(provider, credentials=vault, clock=clock, **addresses)
    renderer = load_renderer(provider, vault)
    assert type(publisher).render is type(renderer).render
    assert {CHANNEL_OF[portal] for portal in PORTALS} == set(PROVIDER_OF)


def test_the_sample_event_is_answered() -> None:
    answer = Crm().send(read_event("publish_classified/preflight.json"))
    assert answer.status == 200
    assert list(answer.json["portals"]) == ["SL", "IMOVIRTUAL"]
