"""Every row of contracts/aviv.md §4.3, the two status bodies, and of §4.4, the callback."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from placard.domain.errors import WebhookRejectedError
from placard.domain.events import Picture, PortalEvent
from placard.domain.instants import from_text
from placard.portals.aviv.paths import make_token
from placard.portals.aviv.receiver import AvivReceiver
from placard.portals.aviv.statuses import read_statuses
from placard.portals.aviv.words import read_status
from placard.ports import Callback, Message
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.aviv.stage import ID, KEY
from tests.unit.portals.scene import CUSTOMER, list_contracts, read_contract

NOW = 1_900_000_000_000
REFUSAL = {**read_contract("aviv/statuses_list.json")["items"][0], "status": "CREATING_FAILED", "message": "no"}
CALLBACK = read_contract("aviv/callback_created.json")

# --- §4.3 ------------------------------------------------------------------------------------------------------------

REQUIRED = ("portals", "status", "message", "statusDate")
OPTIONAL = ("subStatus", "subStatusDetails", "mediaStatuses")
# Of the GET alone; required there.
INTERNAL = ("statusId", "classifiedId", "customerId", "creationDate", "revision")


def read(**changes: Any) -> PortalEvent:
    item = {name: value for name, value in {**REFUSAL, **changes}.items() if value is not None}
    return read_status(item, "r-1", NOW)


def test_the_contracts_bodies_have_no_other_fields() -> None:
    callbacks = [read_contract(f"aviv/{name}") for name in list_contracts("aviv", "callback_")]
    listed = [item for name in ("list", "latest") for item in read_contract(f"aviv/statuses_{name}.json")["items"]]
    assert all(set(REQUIRED) <= set(body) <= {*REQUIRED, *OPTIONAL} for body in callbacks)
    assert all({*REQUIRED, *INTERNAL} <= set(item) <= {*REQUIRED, *OPTIONAL, *INTERNAL} for item in listed)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        pytest.param("portals", ["BD", "SL"], lambda e: e.portals == ("BD", "SL"), id="4.3 portals"),
        pytest.param("status", "UPDATED", lambda e: e.word == "UPDATED", id="4.3 status"),
        pytest.param("message", "too dear", lambda e: e.problems[0].detail.startswith("too dear"), id="4.3 message"),
        pytest.param(
            *("statusDate", "2026-09-14T09:00:00Z", lambda e: e.at == from_text("2026-09-14T09:00:00Z")),
            id="4.3 statusDate",
        ),
        pytest.param("subStatusDetails", "price", lambda e: e.details == "price", id="4.3 subStatusDetails"),
        pytest.param(
            "mediaStatuses",
            [{"url": "https://m.test/1.jpg", "status": "CREATED"}],
            lambda e: e.pictures == (Picture("https://m.test/1.jpg", "CREATED", e.at),),
            id="4.3 mediaStatuses",
        ),
        pytest.param("revision", 9, lambda e: e.end.remote_revision == 9, id="4.3 revision"),
    ],
)
def test_a_field_that_tells_something_is_read(field: str, value: Any, told: Any) -> None:
    assert told(read(**{field: value}))
    assert not told(read(**{field: None})), "and nothing breaks without it"


def test_the_sub_status_tells_which_operation_was_not_taken_in() -> None:
    """§4.3, subStatus."""
    ends = [read(status="RECEIVING_FAILED", subStatus=f"RECEIVING_FAILED_{one}").end for one in ("PUT", "DELETE")]
    assert [end and end.removal for end in ends] == [None, True]


@pytest.mark.parametrize(
    "field", ["statusId", "classifiedId", "customerId", "creationDate"], ids=lambda field: f"4.3 {field}"
)
def test_a_field_that_only_the_vendor_needs_changes_nothing(field: str) -> None:
    """The id is that of the address asked, the order that of `statusDate`."""
    assert read(**{field: "another"}) == read(**{field: None}) == read()


def test_portals_that_ended_differently_are_kept_apart() -> None:
    """§4.3: two portals of one classified, in separate statuses."""
    items = [{**REFUSAL, "portals": ["BD"]}, {**REFUSAL, "status": "CREATED", "portals": ["SL"]}]
    found = {event.portals: event.word for event in read_statuses(items, "r-1", NOW)}
    assert found == {("BD",): "CREATING_FAILED", ("SL",): "CREATED"}


# --- §4.4 ------------------------------------------------------------------------------------------------------------


def receive(body: Any, *, address: str = "", headers: dict[str, str] | None = None, remote_id: str = ID) -> Message:
    """Receive a callback as AVIV makes it: `url` of the subscription, and the contract's path behind it."""
    url = address or f"/{make_token(CUSTOMER, KEY)}"
    callback = Callback(json.dumps(body).encode(), headers or {}, f"{url}/classifieds/{remote_id}/statuses")
    return AvivReceiver(MemoryVault(FakeClock(), {"aviv/app": {"path_key": KEY}})).verify(callback, NOW)


def interpret(message: Message) -> PortalEvent | None:
    return AvivReceiver(MemoryVault(FakeClock())).interpret(message, "aviv")


def test_the_address_names_the_classified_and_the_customer() -> None:
    """§4.4, call and join: AVIV puts its path behind the URL as it is, and the body names neither."""
    message = receive(CALLBACK)
    assert (message.remote_id, message.customer) == (ID, CUSTOMER)
    assert receive(CALLBACK, remote_id="another").remote_id == "another"


def test_an_address_without_the_secret_part_is_refused() -> None:
    """§4.4, authentication: AVIV has none, so the unguessable path is the only proof."""
    with pytest.raises(WebhookRejectedError):
        receive(CALLBACK, address="/ag-12")


@pytest.mark.parametrize("headers", [{}, {"x-signature": "0" * 64, "authorization": "Bearer x", "user-agent": "any"}])
def test_headers_prove_and_change_nothing(headers: dict[str, str]) -> None:
    """§4.4, headers sent: none is specified."""
    assert receive(CALLBACK, headers=headers) == receive(CALLBACK)


def test_a_callback_that_comes_again_is_the_same_message() -> None:
    """§4.4, retries and duplicates: there is no event id, the key is made of what the callback says."""
    assert receive(CALLBACK).digest == receive({**CALLBACK, "message": "again"}).digest
    for name, value in {"status": "X", "subStatus": "X", "statusDate": "X", "portals": ["X"]}.items():
        assert receive({**CALLBACK, name: value}).digest != receive(CALLBACK).digest, name


def test_two_classifieds_never_share_a_message() -> None:
    """§4.4, duplicates: the classified's id is in the address alone."""
    assert receive(CALLBACK).digest != receive(CALLBACK, remote_id="another").digest


def test_statuses_are_ordered_by_their_date_then_by_their_phase() -> None:
    """§4.4, ordering."""
    early, late = "2026-09-14T08:00:00Z", "2026-09-14T09:00:00Z"
    told = [("CREATED", late), ("RECEIVED", early), ("CREATING", late), ("RECEIVING", early)]
    items = [{**REFUSAL, "status": status, "statusDate": date} for status, date in told]
    assert [event.word for event in read_statuses(items, "r-1", NOW)] == [
        "RECEIVING",
        "RECEIVED",
        "CREATING",
        "CREATED",
    ]


def test_a_callback_before_our_own_answer_is_kept_until_its_classified_is_known() -> None:
    """§4.4, early arrival: it parks (`tests/unit/use_cases` plays what follows)."""
    message = receive(read_contract("aviv/callback_receiving.json"), remote_id="not known yet")
    assert (message.parks, message.outcome) == (True, None)


@pytest.mark.parametrize("body", [{"link": "https://x.test/1"}, {"score": 0.9, "portals": "SL"}, {}])
def test_an_event_of_unknown_shape_is_kept_and_states_nothing(body: Any) -> None:
    """§4.4, other events: their shape is not public."""
    message = receive(body)
    assert json.loads(message.raw) == body
    event = interpret(message)
    assert event is not None
    assert (event.known, event.end, event.advert) == (False, None, None)


def test_a_callback_is_a_hint_whatever_it_says() -> None:
    """§4.4, safe reading."""
    events = [interpret(receive({**CALLBACK, "status": word})) for word in ("CREATED", "DELETED")]
    facts = [replace(event, word="", evidence=None) for event in events if event is not None]
    assert facts[0] == facts[1]
    assert (facts[0].end, facts[0].advert, facts[0].portals) == (None, None, None)
