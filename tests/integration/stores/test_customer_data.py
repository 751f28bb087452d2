"""One customer's data: all of it is found and goes, nobody else's does."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from placard.aws.classifieds import DynamoClassifiedStore
from placard.aws.customer_data import CustomerData, to_json
from placard.aws.publications import DynamoPublicationStore
from placard.aws.subscriptions import DynamoSubscriptionStore
from placard.aws.table import Table
from placard.domain.publication import Publication
from placard.domain.subscription import Subscription
from placard.ports import Change
from tests.fakes import FakeClock
from tests.integration.stores import aws, samples

ERASED, OTHER = samples.CUSTOMER, "agency-70"
SECRETS = (
    "olx/accounts/{}/imovirtual",
    "olx/token/{}/imovirtual/main",
    "aviv/accounts/{}",
    "aviv/token/{}/main",
    "aviv/webhook/{}",
    "crm/webhook/{}",
)
HUBS_OWN = ("olx/app", "aviv/app", f"crm/webhook/{ERASED}/branch")


@pytest.fixture
def vault(aws_environment: str) -> Table:
    return Table(aws.create_table(aws_environment, "VaultTable"))


def fill(table: Table, vault: Table, customer: str, remote_id: str) -> None:
    """Give a customer one of everything, with a former advert, and messages that do not say whose they are."""
    clock = FakeClock()
    classifieds = DynamoClassifiedStore(table, clock)
    publications = DynamoPublicationStore(table, clock, 400)
    classifieds.write(samples.post(customer=customer))
    classifieds.write(samples.post(customer=customer, estate="deleted"))
    classifieds.write(samples.delete(customer=customer, estate="deleted"))
    classified_id = samples.post(customer=customer).classified_id
    publication = samples.publication(classified_id=classified_id, customer=customer, remote_id=remote_id)
    publications.save(Change(publication, (samples.entry(classified_id=classified_id, customer=customer),)))
    for one in (remote_id, f"{remote_id}-former"):
        publications.write_link(samples.link(remote_id=one, classified_id=classified_id, customer=customer))
        publications.put_message(samples.message(remote_id=one, customer=None), None)
    DynamoSubscriptionStore(table, clock).save_subscription(Subscription(customer, "https://crm.test", 0))
    for name in SECRETS:
        vault.put({"pk": name.format(customer), "sk": "SECRET", "sealed": "x"}, "attribute_not_exists(pk)")


def keys(*tables: Table) -> set[str]:
    client = boto3.client("dynamodb")
    return {
        f"{item['pk']['S']} {item['sk']['S']}"
        for table in tables
        for item in client.scan(TableName=table.name)["Items"]
    }


def test_everything_of_one_customer_is_found_and_erased_and_nothing_of_another(table: Table, vault: Table) -> None:
    fill(table, vault, OTHER, "r-2")
    for name in HUBS_OWN:
        vault.put({"pk": name, "sk": "SECRET", "sealed": "x"}, "attribute_not_exists(pk)")
    kept = keys(table, vault)
    fill(table, vault, ERASED, "r-1")
    data = CustomerData(table, vault, ERASED)
    found = list(data.read())
    assert {f"{item['pk']} {item['sk']}" for _, item in found} == keys(table, vault) - kept
    exported = [json.dumps(to_json(item), default=str) for _, item in found]
    assert any("Bright flat in the old town" in line for line in exported), "bodies are unfolded"
    assert not any("sealed" in line for line in exported)
    for place, item in found:
        data.erase(place, item)
    assert keys(table, vault) == kept
    assert list(data.read()) == []


def test_whoever_is_interrupted_begins_anew_and_finds_the_rest(table: Table, vault: Table) -> None:
    fill(table, vault, ERASED, "r-1")
    data = CustomerData(table, vault, ERASED)
    whole = len(list(data.read()))
    for erased in range(1, whole + 1):
        place, item = next(data.read())
        data.erase(place, item)
        assert len(list(data.read())) == whole - erased
    assert keys(table, vault) == set()


def test_an_advert_that_became_another_customers_stays(table: Table, vault: Table) -> None:
    fill(table, vault, ERASED, "r-1")
    moved: dict[str, Any] = {"pk": "REMOTE#aviv#r-1", "sk": "LINK"}
    stored = table.get(moved)
    assert stored is not None
    table.put({**stored, "customer": OTHER}, "attribute_exists(pk)")
    data = CustomerData(table, vault, ERASED)
    assert not any(item["pk"] == moved["pk"] for _, item in data.read())


def test_publications_are_those_of_the_customer(table: Table, vault: Table) -> None:
    fill(table, vault, ERASED, "r-1")
    fill(table, vault, OTHER, "r-2")
    publications: list[Publication] = list(CustomerData(table, vault, ERASED).publications())
    assert [one.remote_id for one in publications] == ["r-1"]
