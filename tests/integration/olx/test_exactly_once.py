"""Each wish reaches the portal once, whatever streams, queues and notifications repeat, delay or reorder."""

from collections import Counter

import pytest

from placard.domain.classified import Kind
from placard.domain.events import AdvertState
from tests.integration.olx.conftest import MakeHub
from tests.integration.olx.hub import Hub, Portal

# Wish, the one write that it takes, the word it ends with, and what the advert then is.
STEPS = [
    (Kind.POST, "POST /advert/v1", "CREATED", AdvertState.LIVE),
    (Kind.PUT, "PUT /advert/v1/{uuid}", "UPDATED", AdvertState.LIVE),
    (Kind.DEACTIVATE, "POST /advert/v1/{uuid}/deactivate", "UPDATED", AdvertState.PAUSED),
    (Kind.ACTIVATE, "POST /advert/v1/{uuid}/activate", "UPDATED", AdvertState.LIVE),
    (Kind.DELETE, "DELETE /advert/v1/{uuid}", "DELETED", AdvertState.WITHDRAWN),
]
NOTIFIED = [{}, {"mode": "twice"}, {"mode": "swapped"}, {"early": True}]


def stands(hub: Hub) -> tuple[str, AdvertState]:
    standing = hub.publication.standings["IMOVIRTUAL"]
    return standing.word.value, standing.advert.state


@pytest.mark.parametrize("notified", NOTIFIED, ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_each_operation_is_called_once_for_its_wish(
    make_hub: MakeHub, portal: Portal, seed: int, notified: dict[str, object]
) -> None:
    portal.switch("PUT", "callbacks", notified)
    hub = make_hub(seed)
    for number, (kind, _, word, state) in enumerate(STEPS, 1):
        hub.wish(kind, amount=180_000 + number)
        hub.settle()
        assert portal.list_writes() == [write for _, write, _, _ in STEPS[:number]]
        assert stands(hub) == (word, state)
    told = [(entry.revision, entry.status) for entry in hub.list_told()]
    hub.come_late()
    hub.settle()
    assert portal.list_writes() == [write for _, write, _, _ in STEPS]
    assert [(entry.revision, entry.status) for entry in hub.list_told()] == told
    ends = [entry for entry in dict.fromkeys(told) if entry[1] in ("CREATED", "UPDATED", "DELETED")]
    assert ends == [(number, word) for number, (_, _, word, _) in enumerate(STEPS, 1)]


@pytest.mark.parametrize("seed", range(12))
def test_wishes_faster_than_the_portal_end_at_the_last_one(make_hub: MakeHub, portal: Portal, seed: int) -> None:
    """Some are overtaken before they are sent, none is sent twice, and no two operations ever run at once."""
    hub = make_hub(seed)
    wishes = [Kind.POST, Kind.PUT, Kind.DEACTIVATE, Kind.PUT, Kind.ACTIVATE, Kind.PUT]
    for number, kind in enumerate(wishes):
        hub.wish(kind, amount=180_000 + number)
        hub.hand_on_a_few()
    hub.settle()
    hub.come_late()
    hub.settle()
    assert stands(hub) == ("UPDATED", AdvertState.LIVE)
    assert portal.ask("adverts")["items"][0]["payload"]["price"]["value"] == 180_005
    writes = Counter(portal.list_writes())
    # An update kept until the activation follows it.
    assert all(writes[write] <= wishes.count(kind) for kind, write, _, _ in STEPS), writes
    assert {call["status"] for call in portal.ask("calls", path="^/advert/v1")["items"]} == {202}
    assert hub.publication.standings["IMOVIRTUAL"].ended == len(wishes)
