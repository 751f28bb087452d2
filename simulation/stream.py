"""What the table's stream says to its two readers: the in-memory counterpart of `aws.streams`."""

from __future__ import annotations

from placard.domain.channels import PROCESS_PROVIDER
from placard.domain.classified import Classified
from placard.domain.lifecycle import Outcome
from placard.domain.listing_process import ListingProcess
from placard.domain.publication import Entry, Publication
from placard.domain.subscription import Subscription
from placard.domain.told import Place, Told
from placard.ports import ClassifiedChanged, Link, Message, ProcessChanged, PublicationChanged, TellingChanged
from tests.fakes import Record


def read_change(record: Record) -> ClassifiedChanged | PublicationChanged | ProcessChanged | TellingChanged | None:
    """Return what `relay_changes` needs of a record, None where it concerns nobody."""
    old, new = record.old, record.new
    if isinstance(new, Entry):
        told = TellingChanged(new.customer, Place(new.classified_id, new.channel))
        return told if new.outcome is Outcome.APPLIED else None
    if isinstance(new, Classified):
        if isinstance(old, Classified) and old.revision == new.revision:
            return None
        former = frozenset(old.portals) | old.ever if isinstance(old, Classified) else frozenset()
        return ClassifiedChanged(new.classified_id, new.customer, former | frozenset(new.portals) | new.ever)
    if not isinstance(new, Publication | Told | Subscription | ListingProcess) or new.version == getattr(
        old, "version", 0
    ):
        return None
    if isinstance(new, Publication):
        changed = PublicationChanged(new.classified_id, new.customer, new.channel, new.retry_at)
        return changed if new.look else None
    if isinstance(new, ListingProcess):
        woken = ProcessChanged(new.customer, new.process_id, PROCESS_PROVIDER, new.retry_at)
        return woken if new.look else None
    place = new.place if isinstance(new, Told) else None
    return None if new.due is None else TellingChanged(new.customer, place, new.due)


def read_remote(record: Record) -> Message | Link | None:
    """Return what `apply_events` needs of a record: the LINK, or the new message as it was stored."""
    new = record.new
    return new if isinstance(new, Link) or (isinstance(new, Message) and record.old is None) else None
