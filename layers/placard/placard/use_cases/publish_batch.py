"""Up to a hundred wishes in one call, each judged as its single call would be (contracts/hub.md §2).

One batched read first. It answers whatever changes nothing; what is left is written by the single calls' own use cases.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from placard.domain import ids
from placard.domain.body import LONGEST_KEY, offerer_estate_id, read_body
from placard.domain.classified import Classified, Kind
from placard.domain.errors import StoreUnavailableError
from placard.domain.instants import SECOND
from placard.domain.publication import Publication
from placard.domain.refusals import (
    LARGEST_BODY,
    BodyTooLargeError,
    DuplicatedClassifiedError,
    ErrorSource,
    Fault,
    InvalidRequestError,
    RefusalError,
    UnknownClassifiedError,
)
from placard.ports import ClassifiedStore, Clock, Revision, RevisionStore, Written
from placard.use_cases.publish_classified import Ack, Caller, delete_classified, post_classified, put_classified

logger = logging.getLogger(__name__)

MOST_ITEMS = 100
OPERATIONS = ("put", "delete")
# Writing goes on this long; the function has a last write's time limit more. What is left is answered 503.
_BUDGET = 12 * SECOND
# Each lost race is another change of the same classified within these milliseconds.
_MOST_RACES = 5

Verdict = Ack | RefusalError | StoreUnavailableError


def publish_batch(store: ClassifiedStore, clock: Clock, caller: Caller, value: Any) -> tuple[Verdict, ...]:
    """Do the items of any JSON value in their order and return the verdict of each.

    When storage fails, what is done stays done and the items left are answered StoreUnavailableError; raised instead where
    nothing was done. Raises InvalidRequestError for what is no list of 1 to 100 items.
    """
    wishes = [_try_reading(item) for item in _read_items(value)]
    keys = [wish.key for wish in wishes if isinstance(wish, _Wish)]
    known: dict[str, Classified | None] = dict.fromkeys(ids.classified_id(caller.customer, key) for key in keys)
    if known:
        known |= store.load_classifieds(tuple(known))
    writing = _Writing(_ReadAhead(store, known), clock, caller, clock.now() + _BUDGET)
    verdicts = tuple(wish if isinstance(wish, RefusalError) else writing.do(wish) for wish in wishes)
    if writing.stopped is not None and writing.done == 0:
        raise writing.stopped
    if writing.stopped is not None:
        left = sum(verdict is writing.stopped for verdict in verdicts)
        logger.error("a batch stopped halfway", extra={"done": writing.done, "left": left}, exc_info=writing.stopped)
    return verdicts


@dataclass(frozen=True, slots=True)
class _Wish:
    """An item whose shape is right; without a body it is a deletion."""

    key: str
    body: Mapping[str, Any] | None = None


def _read_items(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        raise InvalidRequestError(ErrorSource.BODY, [Fault("", "must be an object")])
    items = value.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        raise InvalidRequestError(ErrorSource.BODY, [Fault("/items", f"must be a list of 1 to {MOST_ITEMS} items")])
    return items


def _try_reading(item: Any) -> _Wish | RefusalError:
    try:
        return _read_item(item)
    except RefusalError as refusal:
        return refusal


def _read_item(item: Any) -> _Wish:
    """Return an item's wish. Raises what the single call raises, else InvalidRequestError with pointers into the item."""
    if not isinstance(item, dict):
        raise InvalidRequestError(ErrorSource.BODY, [Fault("", "must be an object")])
    operation = item.get("op")
    if operation not in OPERATIONS:
        raise InvalidRequestError(ErrorSource.BODY, [Fault("/op", f"must be one of {', '.join(OPERATIONS)}")])
    if operation == "delete":
        return _Wish(_read_key(item))
    if "classified" not in item:
        raise InvalidRequestError(ErrorSource.BODY, [Fault("/classified", "must be present")])
    if len(json.dumps(item["classified"], ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_BODY:
        raise BodyTooLargeError(f"The classified is over {LARGEST_BODY} bytes")
    body = read_body(item["classified"])
    key = offerer_estate_id(body)
    if item.get("offererEstateId", key) != key:
        raise InvalidRequestError(ErrorSource.BODY, [Fault("/offererEstateId", "must be that of the classified")])
    return _Wish(key, body)


def _read_key(item: Mapping[str, Any]) -> str:
    """Return the CRM's own key that a deletion names, itself or by the classified."""
    named: Any = item.get("classified")
    for name in ("data", "metaData", "source", "offererEstateId"):
        named = named.get(name) if isinstance(named, dict) else None
    key = item.get("offererEstateId", named)
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        fault = Fault("/offererEstateId", f"must be a string of 1 to {LONGEST_KEY} characters")
        raise InvalidRequestError(ErrorSource.BODY, [fault])
    if named is not None and named != key:
        raise InvalidRequestError(ErrorSource.BODY, [Fault("/offererEstateId", "must be that of the classified")])
    return key


@dataclass(slots=True)
class _Writing:
    """Does wishes until storage fails or the time is over. `done` counts those that storage has answered."""

    store: RevisionStore
    clock: Clock
    caller: Caller
    until: int
    done: int = 0
    stopped: StoreUnavailableError | None = None

    def do(self, wish: _Wish) -> Verdict:
        """Do one wish and return the verdict."""
        if self.stopped is None and self.clock.now() >= self.until:
            self.stopped = StoreUnavailableError("the batch took too long")
        if self.stopped is not None:
            return self.stopped
        verdict: Verdict
        try:
            verdict = self._put(wish.key, wish.body) if wish.body is not None else self._delete(wish.key)
        except RefusalError as refusal:
            verdict = refusal
        except StoreUnavailableError as error:
            self.stopped = error
            return error
        self.done += 1
        return verdict

    def _delete(self, key: str) -> Ack:
        return delete_classified(self.store, self.clock, self.caller, ids.classified_id(self.caller.customer, key))

    def _put(self, key: str, body: Mapping[str, Any]) -> Ack:
        """Replace it, or make it where it is unknown; whoever is faster turns the one into the other."""
        classified_id = ids.classified_id(self.caller.customer, key)
        for _ in range(_MOST_RACES):
            with suppress(UnknownClassifiedError):
                return put_classified(self.store, self.clock, self.caller, classified_id, body)
            with suppress(DuplicatedClassifiedError):
                return post_classified(self.store, self.clock, self.caller, body)
        raise StoreUnavailableError(f"lost {_MOST_RACES} races")


@dataclass(slots=True)
class _ReadAhead:
    """A RevisionStore that refuses by itself what the classifieds read before refuse: such a write would change nothing.

    `known` holds every classified of the batch as last seen, None where there is none.
    """

    store: RevisionStore
    known: dict[str, Classified | None]

    def write(self, revision: Revision) -> Written:
        """Make the next revision, or return what stands against it."""
        standing = self.known[revision.classified_id]
        if _changes_nothing(revision, standing):
            return Written(accepted=False, classified=standing)
        written = self.store.write(revision)
        self.known[revision.classified_id] = written.classified
        return written

    def load(self, classified_id: str) -> tuple[Classified | None, tuple[Publication, ...]]:
        """Return a classified and its publications."""
        return self.store.load(classified_id)


def _changes_nothing(revision: Revision, standing: Classified | None) -> bool:
    if revision.kind is Kind.POST or revision.if_match is not None:
        return False
    if standing is None or standing.deleted:
        return True
    return revision.kind is Kind.PUT and standing.body_hash == revision.body_hash
