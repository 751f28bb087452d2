"""Functions end at a call, killed, and the hub comes right by itself; `make crashes` does so at every point on every way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crashes.campaign import Campaign, End
from crashes.listings import Hub, Listing
from crashes.plan import AFTER, BEFORE, CrashFolder, Point
from crashes.points import list_sites
from crashes.ways import WAYS
from sandbox.limits import short_limits

PUBLICATIONS = "aws.publications.DynamoPublicationStore"
CALL = "_look > _operate"
FOLD = f"{CALL} > _record > _accept > _fold"
# One for each function between the CRM's call and its callback, where it matters most whether the call was made.
CREATE: list[End] = [
    (
        Point("publish_classified", "aws.classifieds.DynamoClassifiedStore.write.update", "post_classified"),
        AFTER,
    ),
    (Point("relay_changes", "aws.queues.SqsWakeUps.send.send_message_batch", "relay_changes", None), BEFORE),
    (Point("deliver_publication", f"{PUBLICATIONS}.save.transact", CALL), AFTER),
    (Point("deliver_publication", "portals.olx.publisher.OlxPublisher._call.call", CALL), AFTER),
    (Point("deliver_publication", f"{PUBLICATIONS}.save.transact", FOLD), AFTER),
    (Point("receive_olx", "aws.messages.DynamoMessageStore.put_message.put", "receive_message"), AFTER),
    (Point("apply_events", f"{PUBLICATIONS}.save.transact", "fold > _attach > _fold > _fold_into", None), BEFORE),
    (Point("notify_crm", "callbacks.sender.HttpSender.send.exchange", "_tell > tell > _send"), AFTER),
    (Point("notify_crm", "aws.subscriptions.DynamoSubscriptionStore.release.update", "_tell"), BEFORE),
]


@pytest.fixture
def campaign(hub: dict[str, Any], crash_folder: CrashFolder) -> Iterator[Campaign]:
    outside = Hub(hub)
    outside.subscribe()
    with short_limits(hub):
        yield Campaign(outside, crash_folder, say=print, patience=200)
    outside.demand("DELETE", "/webhooks")
    outside.close()


def test_a_creation_cut_off_anywhere_comes_right(campaign: Campaign) -> None:
    assert {point.site for point, _ in CREATE} <= set(list_sites()), "a call has another name now"
    listings = [Listing(campaign.hub, "olx") for _ in CREATE]
    campaign.play(WAYS[0], listings, {"olx": CREATE})
    assert [f"{cut.point}, {cut.phase}" for cut in campaign.cuts if not cut.struck] == []
    assert [f"{cut.point}, {cut.phase}: {cut.breach}" for cut in campaign.cuts if cut.breach] == []


def test_what_a_way_passes_has_the_names_of_the_code(campaign: Campaign) -> None:
    campaign.record(WAYS[:1], "aviv")
    passed = {point.site for point in campaign.passed["create/aviv"]}
    assert passed
    assert passed <= set(list_sites())
