"""What people write about an advert and what becomes of its promotions says nothing of its state."""

from dataclasses import replace

from placard.domain.classified import Kind
from placard.domain.instants import DAY
from placard.ports import Message
from tests.integration.olx.conftest import MakeHub
from tests.integration.olx.hub import Portal

EVENT_TYPES = (
    "advert_vas_applied_success",
    "advert_vas_applied_error",
    "advert_vas_expired",
    "advert_vas_removed",
)


def test_messages_and_promotions_are_kept_and_change_nothing(make_hub: MakeHub, portal: Portal) -> None:
    hub = make_hub(3)
    hub.wish(Kind.POST)
    hub.settle()
    hub.come_late()
    hub.settle()
    before, told = hub.publication, hub.store.list_entries(hub.id, 250, None).rows
    uuid = before.remote_id
    assert before.standings["IMOVIRTUAL"].advert.live
    known = {record.key for record in hub.store.records}

    portal.switch("POST", f"adverts/{uuid}/message", {"text": "Ainda está disponível?"})
    for event_type in EVENT_TYPES:
        portal.switch("POST", f"adverts/{uuid}/promotion", {"event_type": event_type})
    hub.settle()
    hub.come_late()
    hub.settle()

    stored = {record.key: record.new for record in hub.store.records if record.key not in known}
    kept = [message for message in stored.values() if isinstance(message, Message)]
    assert len(kept) == len(stored) == 1 + len(EVENT_TYPES), "each is stored, and nothing but these"
    assert uuid not in {message.remote_id for message in kept}, "their objects are no adverts"
    assert replace(hub.publication, version=0) == replace(before, version=0)
    assert hub.store.list_entries(hub.id, 250, None).rows == told
    waiting = {due.pk for due in hub.store.past_due(hub.clock.now() + 2 * DAY, 100)}
    assert not waiting & {f"REMOTE#olx#{message.remote_id}" for message in kept}, "they wait for no advert"
