"""A CRM's subscription to what becomes of its classifieds (contracts/hub.md §2 and §3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from placard.domain.errors import StoreUnavailableError, TransitionConflictError
from placard.domain.instants import from_text, to_text
from placard.domain.lifecycle import Word
from placard.domain.refusals import ErrorSource, Fault, InvalidRequestError, UnknownSubscriptionError
from placard.domain.subscription import SUBSCRIBABLE, Subscription, resume, warn
from placard.ports import Clock, Credentials, SubscriptionStore
from placard.use_cases.webhook_secrets import make_secret, read_secrets, rotate_secret

_MOST_RACES = 5


def subscribe(
    store: SubscriptionStore,
    credentials: Credentials,
    check_url: Callable[[str], str],
    clock: Clock,
    customer: str,
    value: Any,
) -> None:
    """Subscribe, or change the subscription there is, which then goes on where the CRM stopped accepting.

    `value` is any JSON value; `check_url` returns the URL to keep, or refuses it. A new subscription gets a secret of its own
    and tells what is created from now on. Raises InvalidRequestError.
    """
    wish = _read_wish(value)
    url = check_url(wish.url)
    made = False

    def change(known: Subscription | None, now: int) -> Subscription:
        nonlocal made
        if known is not None:
            wished = replace(known, url=url, statuses=wish.statuses, live_changes=wish.live_changes)
            return resume(wished, now)
        if not made:
            make_secret(credentials, customer, clock)
            made = True
        # What is entered before this is stored finds nobody to be told: a sweep from now on wakes it again.
        return resume(replace(wish, customer=customer, url=url), now, now)

    _change(store, clock, customer, change)


def unsubscribe(store: SubscriptionStore, customer: str) -> None:
    """End a subscription; there may be none."""
    store.delete_subscription(customer)


def show_subscription(
    store: SubscriptionStore,
    credentials: Credentials,
    clock: Clock,
    customer: str,
    *,
    with_secret: bool,
    scale: float = 1,
) -> Mapping[str, Any]:
    """Return the answer to GET /webhooks. Raises UnknownSubscriptionError."""
    found = _find(store, customer)
    now = clock.now()
    words: Collection[Word] = SUBSCRIBABLE if found.statuses is None else found.statuses
    shown: dict[str, Any] = {
        "url": found.url,
        "statuses": [word.value for word in words],
        "liveChanges": found.live_changes,
    }
    secrets = read_secrets(credentials, customer, now) if with_secret else ()
    if secrets:
        shown["secret"] = secrets[0]
    shown["state"] = found.state.value
    warning = warn(found, now, scale)
    if warning is not None:
        shown["warning"] = warning
    if found.failing_since is not None:
        shown["failingSince"] = to_text(found.failing_since)
    return shown


def rotate(store: SubscriptionStore, credentials: Credentials, clock: Clock, customer: str) -> str:
    """Make a new secret and return it; the old one signs beside it for 24 hours. Raises UnknownSubscriptionError."""
    _find(store, customer)
    return rotate_secret(credentials, customer, clock)


def replay(store: SubscriptionStore, clock: Clock, customer: str, value: Any) -> None:
    """Tell, in order, what was created since `value["since"]` and not accepted; a paused subscription goes on.

    Raises InvalidRequestError, UnknownSubscriptionError.
    """
    since = _read_since(value, clock.now())

    def change(known: Subscription | None, now: int) -> Subscription:
        if known is None:
            raise UnknownSubscriptionError
        return resume(known, now, since)

    _change(store, clock, customer, change)


def _change(
    store: SubscriptionStore,
    clock: Clock,
    customer: str,
    change: Callable[[Subscription | None, int], Subscription],
) -> None:
    for _ in range(_MOST_RACES):
        try:
            store.save_subscription(change(store.load_subscription(customer), clock.now()))
            return
        except TransitionConflictError:
            continue
    raise StoreUnavailableError(f"the subscription lost {_MOST_RACES} races")


def _find(store: SubscriptionStore, customer: str) -> Subscription:
    found = store.load_subscription(customer)
    if found is None:
        raise UnknownSubscriptionError
    return found


def _read_wish(value: Any) -> Subscription:
    if not isinstance(value, dict):
        raise InvalidRequestError(ErrorSource.BODY, [Fault("", "must be an object")])
    faults = []
    url, live_changes = value.get("url"), value.get("liveChanges", True)
    if not isinstance(url, str) or not url:
        faults.append(Fault("/url", "must be a URL"))
    if not isinstance(live_changes, bool):
        faults.append(Fault("/liveChanges", "must be true or false"))
    statuses, wrong = _read_statuses(value.get("statuses"))
    faults += wrong
    if faults:
        raise InvalidRequestError(ErrorSource.BODY, faults)
    return Subscription("", str(url), 0, statuses, bool(live_changes))


def _read_statuses(value: Any) -> tuple[tuple[Word, ...] | None, list[Fault]]:
    if value is None:
        return None, []
    if not isinstance(value, list):
        return None, [Fault("/statuses", "must be an array")]
    known = {word.value: word for word in SUBSCRIBABLE}
    faults = [
        Fault(f"/statuses/{place}", f"must be one of {', '.join(known)}")
        for place, name in enumerate(value)
        if not isinstance(name, str) or name not in known
    ]
    return (None, faults) if faults else (tuple(dict.fromkeys(known[name] for name in value)), [])


def _read_since(value: Any, now: int) -> int:
    since = value.get("since") if isinstance(value, dict) else None
    try:
        instant = from_text(since) if isinstance(since, str) else None
    except ValueError:
        instant = None
    if instant is None:
        fault = Fault("/since", "must be a date and time such as 2026-01-31T09:30:00Z")
        raise InvalidRequestError(ErrorSource.BODY, [fault])
    # "Since then" takes in what was created at that very instant.
    return max(min(instant, now), 1) - 1
