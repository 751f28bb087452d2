"""A conditional write whose answer was lost is sent again by the client, and then refused by its own first try."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from placard.aws.classifieds import DynamoClassifiedStore
from placard.aws.table import Item, Table
from placard.domain import ids
from placard.domain.classified import Kind
from placard.domain.hashes import content_hash
from placard.ports import Revision
from tests.fakes.clock import FakeClock
from tests.integration.stores import aws

BODY = {"portals": ["SL"]}
ID = ids.classified_id("acme", "a-1")


class ForgetfulTable(Table):
    """Sends every update twice, as a client does that lost the first answer."""

    def update(self, key: Item, update: str, condition: str, values: Item) -> Item:
        super().update(key, update, condition, values)
        return super().update(key, update, condition, values)


def revision(kind: Kind, now: int, **members: Any) -> Revision:
    return Revision(ID, "acme", kind, now, "a-1", BODY, content_hash(BODY), ("SL",), **members)


@pytest.fixture
def store(aws_environment: str) -> DynamoClassifiedStore:
    return DynamoClassifiedStore(ForgetfulTable(aws.create_table(aws_environment, "Table")), FakeClock())


def test_a_put_sent_twice_is_one_revision_and_no_stale_if_match(store: DynamoClassifiedStore) -> None:
    store.write(revision(Kind.POST, 1))
    changed = replace(revision(Kind.PUT, 2, if_match=(1,)), body={"portals": ["BD"]}, body_hash="other")
    written = store.write(changed)
    assert (written.accepted, written.classified and written.classified.revision) == (True, 2)


def test_an_identical_put_is_no_lost_answer(store: DynamoClassifiedStore) -> None:
    store.write(revision(Kind.POST, 1))
    assert not store.write(revision(Kind.PUT, 1)).accepted


@pytest.mark.parametrize("kind", [Kind.DEACTIVATE, Kind.ACTIVATE, Kind.RETRY])
def test_asking_sent_twice_is_one_revision(store: DynamoClassifiedStore, kind: Kind) -> None:
    store.write(revision(Kind.POST, 1))
    written = store.write(revision(kind, 2, if_match=(1,)))
    assert (written.accepted, written.classified and written.classified.revision) == (True, 2)
    assert not store.write(revision(kind, 3, if_match=(1,))).accepted
