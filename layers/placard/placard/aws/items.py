"""The items of the one table (design §3): their keys, and how each is written and read.

`kind` says which sort an item is; `due_at` and `due_shard`, there only while something waits, make the index `due`.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TypeVar

from placard.aws.codec import compress, decompress, pack, unpack
from placard.aws.members import Item, due_members, expiry, shard_name
from placard.domain.channels import PROCESS_PROVIDER, PROVIDER_OF
from placard.domain.classified import Classified, Kind
from placard.domain.events import AdvertState
from placard.domain.health import Health, PortalHealth, PublicationHealth, assess
from placard.domain.instants import to_text
from placard.domain.lifecycle import Word
from placard.domain.listing_process import Facts, ListingProcess, Wanted
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Publication
from placard.domain.subscription import Subscription
from placard.domain.sweep import Sweep
from placard.domain.told import Place, Span, Told
from placard.ports import Link

Plain = TypeVar("Plain", Facts, Wanted, ListingProcess)

ENTRIES = "STATUS#"
PROCESSES = "PROCESS#"

# What a publication's item shows beside its `state`: the members that conditions, filters and indexes read.
_SHOWN = ("classified_id", "channel", "customer", "version", "look", "traceparent", "due")


# --- classifieds -----------------------------------------------------------------------------------------------------


def classified_key(classified_id: str) -> Item:
    """Return the key of a classified."""
    return {"pk": f"CLASSIFIED#{classified_id}", "sk": "CLASSIFIED"}


def classified_id_of(item: Item) -> str:
    """Return the id of the classified that an item is of, or a row of an index."""
    return str(item["pk"]).removeprefix("CLASSIFIED#")


def read_classified(item: Item) -> Classified:
    """Return the classified an item holds."""
    return Classified(
        classified_id=classified_id_of(item),
        customer=item["customer"],
        offerer_estate_id=item["offerer_estate_id"],
        revision=item["revision"],
        kind=Kind(item["revision_kind"]),
        accepted_at=item["accepted_at"],
        body=decompress(item["body"]),
        body_hash=item["body_hash"],
        portals=tuple(item["portals"]),
        body_revision=item["body_revision"],
        former_portals=tuple(item["former_portals"]),
        ever=frozenset(item.get("ever", ())),
        paused=frozenset(item.get("paused", ())),
        deleted=item["deleted"],
        asked=item["asked"],
        asked_kind={portal: Kind(kind) for portal, kind in item["asked_kind"].items()},
        traceparent=item.get("traceparent"),
        idempotency_key=item.get("idempotency_key"),
        post_hash=item["post_hash"],
        post_revision=item["post_revision"],
    )


# --- budgets ---------------------------------------------------------------------------------------------------------


def rate_key(name: str) -> Item:
    """Return the key of a budget of calls."""
    return {"pk": f"RATE#{name}", "sk": "RATE"}


# --- circuit breakers ------------------------------------------------------------------------------------------------


def circuit_key(provider: str, account: str) -> Item:
    """Return the key of an account's circuit breaker."""
    return {"pk": f"BREAKER#{provider}#{account}", "sk": "BREAKER"}


# --- publications ----------------------------------------------------------------------------------------------------


def publication_key(classified_id: str, channel: str) -> Item:
    """Return the key of a publication."""
    return {"pk": f"CLASSIFIED#{classified_id}", "sk": f"PUBLICATION#{channel}"}


def publication_item(publication: Publication) -> Item:
    """Return a publication's item: state as JSON text, the portals' standings, which are alike, compressed."""
    key = publication_key(publication.classified_id, publication.channel)
    state = pack(publication)
    standings = state.pop("standings", {})
    hidden = {name: value for name, value in state.items() if name not in _SHOWN}
    item = {
        **key,
        "kind": "PUBLICATION",
        "channel": publication.channel,
        "provider": PROVIDER_OF[publication.channel],
        "customer": publication.customer,
        "version": publication.version,
        "look": publication.look,
        "state": json.dumps(hidden, separators=(",", ":")),
        "standings": compress(standings),
        **health_members(key, publication),
        **due_members(key, publication.due),
    }
    return item | ({} if publication.traceparent is None else {"traceparent": publication.traceparent})


def read_publication(item: Item) -> Publication:
    """Return the publication an item holds. Its due time is that of the index: `reconcile` moves it alone."""
    packed: Item = json.loads(item["state"]) | {"standings": decompress(item["standings"])}
    packed |= {name: item[name] for name in _SHOWN if name in item}
    return unpack(Publication, packed | {"classified_id": classified_id_of(item), "due": item.get("due_at")})


def health_members(key: Item, publication: Publication) -> Item:
    """Return the members that put a publication into the index `health`; none where there is nothing to look after."""
    health = assess(publication)
    if health is None:
        return {}
    # Small, since the index holds it: rows without names.
    rows = [
        (
            *(portal.portal, portal.health, portal.status, portal.revision, portal.changed_at, portal.state),
            None if portal.problem is None else pack(portal.problem),
        )
        for portal in health.portals
    ]
    return {
        "health_shard": shard_name(publication.customer, key),
        "health_rank": health.rank[0],
        "health": compress(rows),
    }


def read_health(row: Item) -> PublicationHealth:
    """Return how a publication fares, of a row of the index `health`; by hand, for a page has a thousand of them."""
    portals = tuple(
        PortalHealth(
            *(portal, Health(health), Word(status), revision, changed_at, AdvertState(state)),
            None if problem is None else unpack(Problem, problem),
        )
        for portal, health, status, revision, changed_at, state, problem in decompress(row["health"])
    )
    channel = row["sk"].removeprefix("PUBLICATION#")
    return PublicationHealth(classified_id_of(row), channel, row["health_shard"].rpartition("#")[0], portals)


# --- the timeline ----------------------------------------------------------------------------------------------------


def entry_item(entry: Entry, retention_days: int) -> Item:
    """Return the item of a timeline entry; sort keys are in order of time."""
    created = to_text(entry.creation_date)
    key = {"pk": f"CLASSIFIED#{entry.classified_id}", "sk": f"{ENTRIES}{created}#{entry.channel}#{entry.status_id}"}
    return {
        **key,
        "kind": "STATUS",
        "channel": entry.channel,
        "customer": entry.customer,
        "creation_date": created,
        "entry_shard": shard_name(entry.customer, key),
        "outcome": entry.outcome.value,
        "body": compress(pack(entry)),
        "expires_at": expiry(entry.creation_date, retention_days),
    }


def read_entry(item: Item) -> Entry:
    """Return the timeline entry an item holds."""
    return unpack(Entry, decompress(item["body"]))


# --- what the CRM was told ---------------------------------------------------------------------------------------------


def told_key(place: Place) -> Item:
    """Return the key of how far a publication has been told."""
    return {"pk": f"CLASSIFIED#{place.classified_id}", "sk": f"TOLD#{place.channel}"}


def read_told(item: Item) -> Told:
    """Return how far a publication has been told."""
    return Told(
        classified_id=classified_id_of(item),
        channel=item["channel"],
        customer=item["customer"],
        version=item.get("version", 0),
        knocks=item["knocks"],
        spans=tuple(Span(*span) for span in item.get("spans", ())),
        lease=item.get("lease"),
        lease_until=item.get("lease_until"),
        tries=item.get("tries", 0),
        held_at=item.get("held_at"),
        retry_at=item.get("retry_at"),
        due=item.get("due_at"),
        seen=item.get("seen", 0),
    )


def webhook_key(customer: str) -> Item:
    """Return the key of a customer's subscription."""
    return {"pk": f"CUSTOMER#{customer}", "sk": "WEBHOOK"}


def webhook_item(subscription: Subscription) -> Item:
    """Return a subscription's item. `look` and `wake_at` make the stream wake whoever looks at it next."""
    key = webhook_key(subscription.customer)
    due = subscription.due
    item = {
        **key,
        "kind": "WEBHOOK",
        "customer": subscription.customer,
        "version": subscription.version,
        "state": json.dumps(pack(subscription), separators=(",", ":")),
        **due_members(key, due),
    }
    return item | ({} if due is None else {"look": True, "wake_at": due})


def read_webhook(item: Item) -> Subscription:
    """Return the subscription an item holds."""
    return unpack(Subscription, json.loads(item["state"]) | {"version": item["version"]})


# --- remote adverts --------------------------------------------------------------------------------------------------


def link_key(provider: str, remote_id: str) -> Item:
    """Return the key of a remote advert's LINK."""
    return {"pk": f"REMOTE#{provider}#{remote_id}", "sk": "LINK"}


def read_link(item: Item) -> Link:
    """Return the LINK an item holds."""
    _, provider, remote_id = item["pk"].split("#", 2)
    return Link(provider, remote_id, item["classified_id"], item["channel"], item["customer"], item["since"])


# --- listing processes -----------------------------------------------------------------------------------------------


def process_key(customer: str, process_id: int) -> Item:
    """Return the key of a listing process; ids are in order of number."""
    return {"pk": f"CUSTOMER#{customer}", "sk": f"{PROCESSES}{process_id:012d}"}


def process_item(process: ListingProcess) -> Item:
    """Return a listing process's item, in the manner of a publication's."""
    key = process_key(process.customer, process.process_id)
    hidden = {name: value for name, value in pack(process).items() if name not in _SHOWN}
    item = {
        **key,
        "kind": "PROCESS",
        "provider": PROCESS_PROVIDER,
        "customer": process.customer,
        "version": process.version,
        "look": process.look,
        "state": json.dumps(hidden, separators=(",", ":")),
        **due_members(key, process.due),
    }
    return item | ({} if process.traceparent is None else {"traceparent": process.traceparent})


def read_process(item: Item) -> ListingProcess:
    """Return the listing process an item holds. Its due time is that of the index.

    Put together by hand: a list of 5,000 takes a tenth of a second so, and half a second by `unpack`.
    """
    packed: Item = json.loads(item["state"]) | {name: item[name] for name in _SHOWN if name in item}
    packed["facts"] = _known(Facts, packed["facts"])
    packed["wanted"] = _known(Wanted, packed.get("wanted", {}))
    return _known(ListingProcess, packed | {"due": item.get("due_at")})


def _known(kind: type[Plain], members: Item) -> Plain:
    """Return a dataclass of plain members; those it does not know are passed over."""
    return kind(**{name: members[name] for name in _MEMBERS[kind] if name in members})


_MEMBERS = {kind: tuple(member.name for member in fields(kind)) for kind in (Facts, Wanted, ListingProcess)}


def sweep_key(customer: str) -> Item:
    """Return the key of an account's sweeps."""
    return {"pk": f"CUSTOMER#{customer}", "sk": "SWEEP"}


def sweep_item(sweep: Sweep) -> Item:
    """Return the item of an account's sweeps. The ids of 100,000 processes compress to a fraction of an item's 400 KB."""
    return {**sweep_key(sweep.customer), "kind": "SWEEP", "version": sweep.version, "body": compress(pack(sweep))}


def read_sweep(item: Item) -> Sweep:
    """Return the sweeps an item holds."""
    return unpack(Sweep, decompress(item["body"]))
