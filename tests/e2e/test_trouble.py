"""Portals that fail for a while, and what the embedded AWS would refuse."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.crm import Crm
from tests.e2e.world import Listing, Simulator, wait_for

DOWN = {"kind": "status", "status": 503, "body": {"message": "down"}}


@pytest.mark.parametrize(("portal", "path"), [("IMOVIRTUAL", "^/advert/v1/"), ("SL", "^/caas/v4/classifieds/")])
def test_an_edit_survives_a_portal_that_is_down(
    crm: Crm, olx: Simulator, aviv: Simulator, portal: str, path: str
) -> None:
    listing, simulator = Listing(crm, portals=[portal]), {"IMOVIRTUAL": olx, "SL": aviv}[portal]
    advert = listing.await_status("CREATED", live=True)[portal]["advert"]["id"]
    simulator.switch("POST", "faults", {**DOWN, "match": {"method": "PUT", "path": path}, "times": 3})
    listing.set_price(182_000).await_status("UPDATED", live=True)
    assert [call["status"] for call in simulator.list_calls(advert, "PUT")] == [503, 503, 503, 202]


def test_a_portal_that_asks_to_wait_is_obeyed(crm: Crm, olx: Simulator) -> None:
    fault = {"kind": "status", "status": 429, "headers": {"Retry-After": "2"}, "times": 1}
    olx.switch("POST", "faults", {**fault, "match": {"method": "POST", "path": "^/advert/v1$"}})
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    listing.await_status("CREATED", live=True)
    mine = [
        c for c in olx.list_calls("^/advert/v1$", "POST") if c["body"]["custom_fields"]["id"].startswith(listing.id)
    ]
    assert [call["status"] for call in mine] == [429, 202]


@pytest.mark.parametrize(("portal", "path"), [("IMOVIRTUAL", "^/advert/v1$"), ("SL", "^/caas/v4/classifieds$")])
def test_a_creation_whose_answer_was_lost_is_found_and_not_repeated(
    crm: Crm, olx: Simulator, aviv: Simulator, portal: str, path: str
) -> None:
    simulator = {"IMOVIRTUAL": olx, "SL": aviv}[portal]
    before = len(simulator.list_calls(path, "POST"))
    fault = {"kind": "drop_after", "match": {"method": "POST", "path": path}, "times": 1}
    simulator.switch("POST", "faults", fault)
    Listing(crm, portals=[portal]).await_status("CREATED", live=True)
    assert [call["status"] for call in simulator.list_calls(path, "POST")[before:]] == [None]


def test_callbacks_that_never_come_are_made_up_for_by_asking(crm: Crm, olx: Simulator, aviv: Simulator) -> None:
    """The operation's due time in the table, found by `reconcile`."""
    with olx.calling_back(mode="none"), aviv.calling_back(mode="none"):
        latest = Listing(crm).await_status("CREATED", live=True)
    assert {entry["source"] for entry in latest.values()} == {"poll"}


@pytest.mark.parametrize("portal", ["IMOVIRTUAL", "SL"])
def test_a_token_that_ends_early_is_renewed_silently(crm: Crm, olx: Simulator, aviv: Simulator, portal: str) -> None:
    simulator = {"IMOVIRTUAL": olx, "SL": aviv}[portal]
    listing = Listing(crm, portals=[portal])
    listing.await_status("CREATED", live=True)
    tokens = simulator.ask("counts")["tokens"]
    simulator.switch("POST", "tokens/expire")
    listing.set_price(182_000).await_status("UPDATED", live=True)
    assert simulator.ask("counts")["tokens"] > tokens
    assert not [entry for entry in listing.list_applied() if "problem" in entry]


def test_edits_made_while_a_creation_runs_end_at_the_newest(crm: Crm, olx: Simulator) -> None:
    """Ten quick edits become few calls, and never two at once."""
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    # A revision overtaken before the first look is never created: all of them at once would be one creation.
    wait_for(lambda: listing.read_latest()["IMOVIRTUAL"]["status"] != "RECEIVED", "the portal has taken the creation")
    for price in range(181_000, 181_005):
        listing.set_price(price)
    advert = listing.await_status("UPDATED", live=True)["IMOVIRTUAL"]["advert"]["id"]
    puts = olx.list_calls(advert, "PUT")
    assert puts[-1]["body"]["price"]["value"] == 181_004
    assert puts[-1]["status"] == 202
    # OLX says 409 to the second of two at once, and 403 to a worker that still has a token which another test has ended.
    assert 409 not in {call["status"] for call in puts}
    assert len(puts) <= 5


def test_the_embedded_aws_enforces_iam(hub: dict[str, Any]) -> None:
    """Otherwise the roles of the template would be decoration here."""
    aws = hub["aws"]
    stranger = boto3.client(
        "dynamodb",
        endpoint_url=aws["endpoint_url"],
        region_name=aws["region"],
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="nobody",
    )
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        stranger.describe_table(TableName=hub["table_name"])
