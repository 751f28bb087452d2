"""Sample objects of the core for the stores' suites."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from placard.domain import ids
from placard.domain.classified import Kind
from placard.domain.events import Advert, AdvertState, Operation, Picture, Source
from placard.domain.hashes import content_hash
from placard.domain.instants import MINUTE
from placard.domain.lifecycle import Family, Outcome, Word
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Phase, Publication, Running, Standing
from placard.ports import Link, Message, Revision
from tests.fakes.clock import NOON

CUSTOMER = "agency-7"
ESTATE = "estate-1"
BODY = {"portals": ["SL", "BD"], "data": {"title": "Bright flat in the old town, 3 rooms", "area": 71.5, "plus": 3.0}}


def post(**changes: Any) -> Revision:
    """Return the POST of a classified on SL and BD; `estate` and `body` set what is derived from them."""
    body = changes.pop("body", BODY)
    customer = changes.get("customer", CUSTOMER)
    estate = changes.pop("estate", ESTATE)
    members: dict[str, Any] = {
        "classified_id": ids.classified_id(customer, estate),
        "customer": customer,
        "kind": Kind.POST,
        "accepted_at": NOON,
        "offerer_estate_id": estate,
        "body": body,
        "body_hash": content_hash(body),
        "portals": tuple(body.get("portals", ())),
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    return Revision(**(members | changes))


def put(**changes: Any) -> Revision:
    """Return a PUT of the same classified with another body."""
    body = changes.pop("body", {**BODY, "portals": ["SL", "IMOVIRTUAL"]})
    return post(body=body, **({"kind": Kind.PUT, "accepted_at": NOON + MINUTE, "traceparent": None} | changes))


def delete(**changes: Any) -> Revision:
    """Return the DELETE of the same classified."""
    whole = post(**({"kind": Kind.DELETE, "accepted_at": NOON + 2 * MINUTE} | changes))
    return replace(whole, body={}, body_hash="", portals=(), offerer_estate_id="")


def ask(kind: Kind, *portals: str, **changes: Any) -> Revision:
    """Return what deactivates, activates or retries these portals of the same classified."""
    whole = post(**({"kind": kind, "accepted_at": NOON + 3 * MINUTE} | changes))
    return replace(whole, body={}, body_hash="", portals=portals, offerer_estate_id="")


CLASSIFIED_ID = post().classified_id


def entry(number: int = 0, **changes: Any) -> Entry:
    """Return the entry that is `number` milliseconds younger than the first."""
    created = NOON + number
    members: dict[str, Any] = {
        "status_id": f"status-{number}",
        "classified_id": CLASSIFIED_ID,
        "customer": CUSTOMER,
        "channel": "aviv",
        "creation_date": created,
        "revision": 1,
        "portals": ("SL", "BD"),
        "status": Word.CREATED,
        "message": "Created on the portal, some media refused",
        "status_date": created - 5,
        "outcome": Outcome.APPLIED,
        "source": Source.POLL,
        "pictures": (Picture("https://pictures.example/1.jpg", "CREATING_FAILED", created),),
        "advert_id": "cl-1",
        "advert": Advert(AdvertState.LIVE, "CREATED", "https://portal.example/1", created + 10**9),
        "next_operations": (Operation.PUT, Operation.DELETE),
        "problems": (Problem("media_refused", "Picture 1 could not be read.", "/media/0"),),
        "normalised": ({"field": "/data/title", "from": "A…", "to": "A", "length": 4.0},),
        "evidence": "REMOTE#aviv#cl-1/EVENT#d1",
    }
    return Entry(**(members | changes))


def publication(**changes: Any) -> Publication:
    """Return a publication in the midst of an operation on both of its portals."""
    standings = {portal: standing(portal) for portal in ("SL", "BD")}
    running = Running(
        "op-1",
        Operation.PUT,
        ("SL", "BD"),
        NOON,
        NOON + 15 * MINUTE,
        phase=Phase.ACCEPTED,
        listed=("SL", "BD"),
        hashes={"SL": "a" * 64, "BD": "b" * 64},
        transaction="tx-1",
    )
    members: dict[str, Any] = {
        "classified_id": CLASSIFIED_ID,
        "channel": "aviv",
        "customer": CUSTOMER,
        "remote_id": "cl-1",
        "standings": standings,
        "running": running,
        "former_transactions": ("tx-0",),
        "surplus": ("cl-2",),
        "look": True,
        "last_creation": NOON,
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    return Publication(**(members | changes))


def standing(portal: str) -> Standing:
    """Return the standing of a portal that is live and being changed."""
    return Standing(
        portal,
        kind=Kind.PUT,
        seen=2,
        acted=2,
        ended=1,
        family=Family.UPDATE,
        word=Word.UPDATING,
        advert=Advert(AdvertState.LIVE, "UPDATED", f"https://portal.example/{portal}/71002388", NOON + 10**9),
        next_operations=(Operation.PUT, Operation.DELETE, Operation.DEACTIVATE),
        advert_at=NOON,
        end_at=NOON,
        remote_revision=4,
        payload_hash="c" * 64,
        problems=(Problem("media_refused", "Picture 1 could not be read.", "/media/0"),),
        latest=entry(status=Word.UPDATING, portals=(portal,), status_id=ids.status_id(CLASSIFIED_ID, portal, "x")),
    )


def link(**changes: Any) -> Link:
    """Return the LINK of the sample's advert."""
    members: dict[str, Any] = {
        "provider": "aviv",
        "remote_id": "cl-1",
        "classified_id": CLASSIFIED_ID,
        "channel": "aviv",
        "customer": CUSTOMER,
        "since": NOON,
    }
    return Link(**(members | changes))


def message(**changes: Any) -> Message:
    """Return a message about the sample's advert."""
    members: dict[str, Any] = {
        "provider": "aviv",
        "remote_id": "cl-1",
        "digest": "d1",
        "raw": '{"status": "CREATED"}',
        "received_at": NOON,
        "customer": CUSTOMER,
    }
    return Message(**(members | changes))
