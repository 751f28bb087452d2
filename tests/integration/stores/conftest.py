"""Every test here runs twice: against the fakes in memory, and against AWS's own protocols on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from placard.aws.classifieds import DynamoClassifiedStore
from placard.aws.dues import DynamoDueStore
from placard.aws.publications import DynamoPublicationStore
from placard.aws.queues import SqsWakeUps, read_message_key, read_telling, read_wake_up
from placard.aws.settings import Settings
from placard.aws.subscriptions import DynamoSubscriptionStore
from placard.aws.table import Table
from placard.aws.vault import Vault
from placard.ports import (
    ClassifiedStore,
    Credentials,
    DueStore,
    ProcessWakeUp,
    PublicationStore,
    Telling,
    ToldStore,
    WakeUp,
    WakeUps,
)
from tests.fakes import FakeClock, MemoryStore, MemoryVault, MemoryWakeUps
from tests.integration.stores import aws

RETENTION_DAYS = 400


@dataclass(frozen=True)
class Stores:
    """The sides of one table, and the clock they run by."""

    classifieds: ClassifiedStore
    publications: PublicationStore
    dues: DueStore
    told: ToldStore
    clock: FakeClock


@dataclass(frozen=True)
class Queues:
    """Wake-ups, and what a reader of the queues finds there."""

    wake_ups: WakeUps
    received: Callable[[], list[WakeUp | ProcessWakeUp]]
    retried: Callable[[], list[tuple[str, str, str]]]
    tellings: Callable[[], list[Telling]]


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    with aws.serving() as url:
        yield url


@pytest.fixture
def aws_environment(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in aws.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_url)
    return aws_url


@pytest.fixture
def table(aws_environment: str) -> Table:
    return Table(aws.create_table(aws_environment, "Table"))


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    clock = FakeClock()
    if request.param == "memory":
        store = MemoryStore(clock, RETENTION_DAYS)
        return Stores(store, store, store, store, clock)
    table: Table = request.getfixturevalue("table")
    publications = DynamoPublicationStore(table, clock, RETENTION_DAYS)
    told = DynamoSubscriptionStore(table, clock)
    return Stores(DynamoClassifiedStore(table, clock), publications, DynamoDueStore(table), told, clock)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "dynamodb"])
def vault(request: pytest.FixtureRequest, clock: FakeClock) -> Credentials:
    if request.param == "memory":
        return MemoryVault(clock)
    url: str = request.getfixturevalue("aws_environment")
    return Vault(aws.create_table(url, "VaultTable"), aws.create_key(url), clock)


@pytest.fixture(params=["memory", "sqs"])
def queues(request: pytest.FixtureRequest) -> Queues:
    if request.param == "memory":
        wake_ups = MemoryWakeUps()
        return Queues(wake_ups, lambda: wake_ups.sent, lambda: wake_ups.retried, lambda: wake_ups.tellings)
    url: str = request.getfixturevalue("aws_environment")
    names = {
        "DELIVER_OLX_QUEUE_URL": "DeliverOlxQueue",
        "DELIVER_AVIV_QUEUE_URL": "DeliverAvivQueue",
        "DELIVER_SPOTAHOME_QUEUE_URL": "DeliverSpotahomeQueue",
        "EVENT_RETRY_QUEUE_URL": "EventRetryQueue",
        "NOTIFY_QUEUE_URL": "NotifyQueue",
    }
    urls = {variable: aws.create_queue(url, name) for variable, name in names.items()}
    read: Callable[[str], list[dict[str, Any]]] = lambda variable: receive(url, urls[variable])  # noqa: E731
    return Queues(
        SqsWakeUps(Settings(urls)),
        lambda: [
            read_wake_up(message["Body"])
            for variable in ("DELIVER_AVIV_QUEUE_URL", "DELIVER_OLX_QUEUE_URL", "DELIVER_SPOTAHOME_QUEUE_URL")
            for message in read(variable)
        ],
        lambda: [read_message_key(message["Body"]) for message in read("EVENT_RETRY_QUEUE_URL")],
        lambda: [read_telling(message["Body"]) for message in read("NOTIFY_QUEUE_URL")],
    )


def receive(url: str, queue_url: str) -> list[dict[str, Any]]:
    """Return everything visible in a queue."""
    client = boto3.client("sqs", endpoint_url=url, region_name=aws.REGION)
    found: list[dict[str, Any]] = []
    while batch := client.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        found.extend(batch)
    return found
