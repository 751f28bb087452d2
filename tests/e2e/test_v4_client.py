"""A CRM that was written for AVIV works here unchanged but for base URL and token (seeds 000 and 003)."""

import ast
import secrets
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from sandbox.crm import Crm
from tests.e2e import v4_client
from tests.e2e.v4_client import Json, StoredStatus, V4Client, V4Error, listening
from tests.e2e.world import Simulator, wait_for

# Seed 003, Resale: what it demands, spelt as it spells it, and nothing else.
RESALE: Json = {
    "portals": ["SL"],
    "data": {
        "estateType": "APARTMENT",
        "estateSubType": {"apartment": "MULTI_STOREY"},
        "distributionType": "BUY",
        "location": {"postalCode": "69003", "city": "Lyon", "country": "FRA"},
        "prices": {"buy": {"price": {"amount": 412_000}}},
        "metaData": {
            "source": {
                "sourceSystem": "MyAwesomeSoft",
                "sourceSystemVersion": "1.0.0",
                "offererMarketingKey": "agence-lyon-3",
            }
        },
    },
}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"


def make_resale(price: int = 412_000, key: str | None = None, **changes: object) -> Json:
    data = RESALE["data"]
    source = {**data["metaData"]["source"], "offererEstateId": key or f"v4-{secrets.token_hex(4)}"}
    prices = {"buy": {"price": {"amount": price}}}
    return {**RESALE, "data": {**data, "prices": prices, "metaData": {"source": source}}, **changes}


@pytest.fixture(scope="module")
def client(hub: Json, crm: Crm) -> Iterator[V4Client]:
    client = V4Client(hub["api_url"], crm.fetch_token())
    yield client
    client.close()


def await_word(client: V4Client, classified_id: str, word: str) -> list[StoredStatus]:
    def found() -> list[StoredStatus]:
        statuses = client.list_statuses(classified_id)
        return statuses if statuses[-1].status.status == word else []

    return wait_for(found, f"{word} of {classified_id}")


def list_words(statuses: list[StoredStatus]) -> list[str]:
    return [one.status.status for one in statuses]


def test_the_client_knows_nothing_of_ours() -> None:
    tree = ast.parse(Path(v4_client.__file__).read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    assert not {name for name in imported if name.partition(".")[0] in ("placard", "sandbox", "tests", "functions")}


def test_a_classified_lives_its_whole_life(client: V4Client) -> None:
    classified = make_resale()
    classified_id = client.publish(classified, TRACE)
    (received,) = client.list_statuses(classified_id, filter="latest")
    assert str(received.classified_id) == classified_id
    created = await_word(client, classified_id, "CREATED")
    assert list_words(created) == ["RECEIVED", "CREATING", "CREATED"]
    assert created[0].status.sub_status == "RECEIVED_POST"
    assert {one.status.portals for one in created} == {("SL",)}
    assert {one.revision for one in created} == {1}

    client.update(
        classified_id, make_resale(399_000, classified["data"]["metaData"]["source"]["offererEstateId"]), TRACE
    )
    updated = await_word(client, classified_id, "UPDATED")
    assert list_words(updated)[3:] == ["RECEIVED", "UPDATING", "UPDATED"]
    assert updated[3].status.sub_status == "RECEIVED_PUT"

    client.remove(classified_id)
    deleted = await_word(client, classified_id, "DELETED")
    assert list_words(deleted)[6:] == ["RECEIVED", "DELETING", "DELETED"]
    assert deleted[6].status.sub_status == "RECEIVED_DELETE"
    assert len({one.status_id for one in deleted}) == len(deleted)
    assert len({one.customer_id for one in deleted}) == 1


def test_an_update_that_is_strictly_the_same_does_nothing(client: V4Client, aviv: Simulator) -> None:
    classified = make_resale()
    classified_id = client.publish(classified)
    before = await_word(client, classified_id, "CREATED")
    client.update(classified_id, classified)
    # One sent after it, and done, shows that nothing was on its way any more.
    await_word(client, client.publish(make_resale()), "CREATED")
    assert client.list_statuses(classified_id) == before
    key = classified["data"]["metaData"]["source"]["offererEstateId"]
    assert not [call for call in aviv.list_calls("^/caas/v4/classifieds/", "PUT") if key in str(call["body"])]


def test_statuses_can_be_asked_for_by_word_and_portal(client: V4Client) -> None:
    classified_id = client.publish(make_resale())
    await_word(client, classified_id, "CREATED")
    assert list_words(client.list_statuses(classified_id, status="CREATED", portal="SL")) == ["CREATED"]
    assert client.list_statuses(classified_id, portal="BD") == []
    one_by_one = client.list_statuses(classified_id, limit="1")
    assert list_words(one_by_one) == ["RECEIVED", "CREATING", "CREATED"]


def test_a_classified_the_portal_does_not_take_is_read_in_its_statuses(client: V4Client) -> None:
    """Seed 003, the sad path: errors are fetched through the statuses."""
    luxury = make_resale(portals=["SL", "BD"])
    classified_id = client.publish(luxury)

    def ended() -> dict[str, str]:
        latest = client.list_statuses(classified_id, filter="latest")
        words = {portal: one.status.status for one in latest for portal in one.status.portals}
        return words if set(words.values()) == {"CREATED", "CREATING_FAILED"} else {}

    assert wait_for(ended, "both portals") == {"SL": "CREATED", "BD": "CREATING_FAILED"}


def test_an_empty_portal_list_is_an_error(client: V4Client) -> None:
    with pytest.raises(V4Error) as caught:
        client.publish(make_resale(portals=[]), TRACE)
    error = caught.value
    assert (error.status, error.title) == (400, "Bad request")
    assert error.type.endswith("Errors/Validation-Error")
    assert [name for name, _ in error.errors] == ["/portals"]
    assert error.instance == TRACE


def test_a_key_used_twice_is_an_error(client: V4Client) -> None:
    classified = make_resale()
    client.publish(classified)
    with pytest.raises(V4Error) as caught:
        client.publish(make_resale(1, classified["data"]["metaData"]["source"]["offererEstateId"]))
    assert (caught.value.status, caught.value.title) == (400, "Duplicated classified")
    assert caught.value.type.endswith("Errors/Duplicated-Classifieds-Error")


def test_a_classified_nobody_knows_is_an_error(client: V4Client) -> None:
    with pytest.raises(V4Error) as caught:
        client.update("196354e0-5258-4c5c-8c1e-bb588ddc0a41", make_resale())
    assert (caught.value.status, caught.value.title) == (404, "Not found")


def test_a_user_agent_that_does_not_match_the_pattern_is_an_error(client: V4Client) -> None:
    with pytest.raises(V4Error) as caught:
        client.send_without_agent()
    assert (caught.value.status, [name for name, _ in caught.value.errors]) == (400, ["User-Agent"])


# --- webhooks --------------------------------------------------------------------------------------------------------


def test_statuses_are_pushed_instead_of_asked_for(client: V4Client) -> None:
    with listening() as listener:
        assert client.subscribe(listener.url, ["RECEIVED", "CREATED", "DELETED"])
        try:
            classified_id = client.publish(make_resale())
            await_word(client, classified_id, "CREATED")
            client.remove(classified_id)
            # Other classifieds of the same customer are told too, each in an order of its own.
            everything = iter(listener.await_status, None)
            heard = list(islice((status for about, status in everything if about == classified_id), 4))
        finally:
            assert client.unsubscribe()
    assert [status.status for status in heard] == ["RECEIVED", "CREATED", "RECEIVED", "DELETED"]
    assert {status.portals for status in heard} == {("SL",)}


@pytest.mark.parametrize("word", ["CREATED_WITH_MEDIA_ERROR", "NO_WORD"])
def test_a_status_that_cannot_be_subscribed_to_is_an_error(client: V4Client, word: str) -> None:
    assert word not in v4_client.SUBSCRIBABLE
    with pytest.raises(V4Error) as caught:
        client.subscribe("https://crm.example/hub", [word])
    assert caught.value.status == 400


def test_unsubscribing_twice_is_no_error(client: V4Client) -> None:
    assert client.unsubscribe()
    assert client.unsubscribe()
