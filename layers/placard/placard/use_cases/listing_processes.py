"""The CRM's view of Spotahome's listing processes: the hub's own copy, in the shapes of seed 004.

A cancel or an assignation is judged against the copy, counts there at once and is pushed by `deliver_process`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from placard.domain.channels import PROCESS_PORTAL, PROCESS_PROVIDER
from placard.domain.classified import Classified, Kind
from placard.domain.errors import StoreUnavailableError, TransitionConflictError
from placard.domain.instants import MINUTE
from placard.domain.listing_process import OPEN, ListingProcess, State, ask
from placard.domain.refusals import (
    ClosedProcessError,
    ErrorSource,
    Fault,
    InvalidFieldError,
    InvalidRequestError,
    UnknownProcessError,
)
from placard.ports import Clock, ProcessStore, PublicationStore, Revision

PATH = "/listing-processes"
STATES_PATH = f"{PATH}/states"
UNASSIGNED = "unassigned"
PER_PAGE = 100
# An item takes some 350 bytes, a function's answer 6 MB.
MOST_PER_PAGE = 10_000
MOST_PAGE = 1_000_000
# When a push that the stream lost is looked for.
SAFETY = 5 * MINUTE
_MOST_RACES = 5
_NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)
_AGENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_AGENT_LENGTH = 36


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for; `given`: the caller named the page size, so links keep it."""

    page: int = 1
    per_page: int = PER_PAGE
    given: bool = False


def read_paging(page: str | None, per_page: str | None) -> Paging:
    """Return what the parameters `page` and `itemsPerPage` ask for. Raises InvalidRequestError."""
    faults = []
    if page is not None and not _is_count(page, MOST_PAGE):
        faults.append(Fault("page", f"is not a number from 1 to {MOST_PAGE}"))
    if per_page is not None and not _is_count(per_page, MOST_PER_PAGE):
        faults.append(Fault("itemsPerPage", f"is not a number from 1 to {MOST_PER_PAGE}"))
    if faults:
        raise InvalidRequestError(ErrorSource.PARAMETER, faults)
    return Paging(int(page or 1), int(per_page or PER_PAGE), per_page is not None)


def read_paging_leniently(page: str | None, per_page: str | None) -> Paging:
    """Return the same, and the first page of the usual size for what cannot be read: the states have no 400 [seed 004]."""
    try:
        return read_paging(page, per_page)
    except InvalidRequestError:
        return Paging()


def _is_count(text: str, most: int) -> bool:
    return bool(re.fullmatch("[0-9]{1,9}", text, re.ASCII)) and 1 <= int(text) <= most


def list_processes(store: ProcessStore, customer: str, filters: Mapping[str, str], paging: Paging) -> dict[str, Any]:
    """Return a page of a customer's processes that pass all filters, by id.

    `filters` are those of seed 004, each given once. Raises InvalidRequestError for an id that is no number or a state that
    is none.
    """
    wanted = _read_filters(filters)
    if "id" in wanted:
        one = _find(store, customer, wanted.pop("id"))
        known: Sequence[ListingProcess] = () if one is None else (one,)
    else:
        known = store.load_all(customer)
    rows = [_show(process) for process in known if _is_shown(process)]
    kept = [row for row in rows if all(_passes(row, name, value) for name, value in wanted.items())]
    return _page(PATH, "sah:listing-processes", kept, filters, paging)


def list_states(paging: Paging) -> dict[str, Any]:
    """Return a page of the five states."""
    return _page(STATES_PATH, "sah:listing-process:states", [{"state": state.value} for state in State], {}, paging)


def cancel_process(
    store: ProcessStore,
    publications: PublicationStore,
    clock: Clock,
    customer: str,
    process_id: str,
    traceparent: str | None,
) -> None:
    """Cancel a process; a classified whose advert it is for is no longer wished for on Spotahome (lifecycle §6).

    Raises UnknownProcessError, and ClosedProcessError where its state forbids that.
    """
    for _ in range(_MOST_RACES):
        process = _load(store, customer, process_id)
        if process.shown.state not in OPEN:
            raise ClosedProcessError(process.process_id)
        now = clock.now()
        cancelled = ask(process, replace(process.wanted, cancels=True), now + SAFETY, traceparent)
        classified = _find_classified(publications, process)
        try:
            if classified is None:
                store.save(cancelled)
            else:
                store.cancel(cancelled, _revise(classified, now, traceparent))
            return
        except TransitionConflictError:
            continue  # a sweep, a push or another call of the CRM was faster
    raise StoreUnavailableError(f"listing process {process_id} lost {_MOST_RACES} races")


def assign_agent(
    store: ProcessStore,
    clock: Clock,
    customer: str,
    process_id: str,
    read_body: Callable[[], Any],
    traceparent: str | None,
) -> None:
    """Give a process to the agent that a body names; `read_body` returns any JSON value, or raises what is wrong with it.

    Raises UnknownProcessError, then InvalidFieldError.
    """
    _load(store, customer, process_id)
    _assign(store, clock, customer, process_id, _read_agent(read_body()), traceparent)


def unassign_agent(store: ProcessStore, clock: Clock, customer: str, process_id: str, traceparent: str | None) -> None:
    """Take a process from its agent. Raises UnknownProcessError."""
    _assign(store, clock, customer, process_id, None, traceparent)


def _assign(
    store: ProcessStore, clock: Clock, customer: str, process_id: str, agent_id: str | None, traceparent: str | None
) -> None:
    for _ in range(_MOST_RACES):
        process = _load(store, customer, process_id)
        if process.shown.agent_id == agent_id:
            return
        # Also where it is what Spotahome says: the wish before it may be on its way.
        wanted = replace(process.wanted, assigns=True, agent_id=agent_id)
        try:
            store.save(ask(process, wanted, clock.now() + SAFETY, traceparent))
            return
        except TransitionConflictError:
            continue
    raise StoreUnavailableError(f"listing process {process_id} lost {_MOST_RACES} races")


def _find(store: ProcessStore, customer: str, process_id: str) -> ListingProcess | None:
    """Return a process by what a caller names it: text that is no number, or none a key can hold, names nothing."""
    return store.load(customer, int(process_id)) if _NUMBER.fullmatch(process_id) else None


def _load(store: ProcessStore, customer: str, process_id: str) -> ListingProcess:
    process = _find(store, customer, process_id)
    if process is None or not _is_shown(process):
        raise UnknownProcessError(process_id)
    return process


def _find_classified(publications: PublicationStore, process: ListingProcess) -> Classified | None:
    """Return the classified that a process is for, None where it has none or wishes nothing of Spotahome any more."""
    if process.facts.property_id is None:
        return None
    link = publications.link_of(PROCESS_PROVIDER, process.facts.property_id)
    if link is None or link.customer != process.customer:
        return None
    classified, _ = publications.load(link.classified_id)
    if classified is None or classified.deleted or PROCESS_PORTAL not in classified.portals:
        return None
    return classified


def _revise(classified: Classified, now: int, traceparent: str | None) -> Revision:
    return Revision(
        classified.classified_id,
        classified.customer,
        Kind.CANCEL,
        now,
        portals=(PROCESS_PORTAL,),
        traceparent=traceparent,
        if_match=(classified.revision,),
        left=tuple(portal for portal in classified.portals if portal != PROCESS_PORTAL),
    )


def _read_agent(value: Any) -> str:
    agent = value.get("agentId") if isinstance(value, dict) else None
    if not isinstance(value, dict) or "agentId" not in value:
        raise InvalidFieldError("agentId", "isEmpty", "Value is required and can't be empty")
    if not isinstance(agent, str):
        raise InvalidFieldError("agentId", "invalidType", "The value is not a string")
    if len(agent) != _AGENT_LENGTH:
        what = "shorter" if len(agent) < _AGENT_LENGTH else "longer"
        raise InvalidFieldError("agentId", "stringLength", f"The value is {what} than {_AGENT_LENGTH} characters")
    if not _AGENT.fullmatch(agent):
        raise InvalidFieldError("agentId", "uuid", "The value is not a UUID")
    return agent


# --- pages -----------------------------------------------------------------------------------------------------------

FILTERS = ("id", "accountId", "propertyId", "agentId", "state")


def _read_filters(filters: Mapping[str, str]) -> dict[str, str]:
    wanted = {name: filters[name] for name in FILTERS if name in filters}
    faults = []
    if "id" in wanted and not re.fullmatch("[0-9]+", wanted["id"], re.ASCII):
        faults.append(Fault("id", "is not a number"))
    if wanted.get("state", State.CANCELLED.value) not in tuple(State):
        faults.append(Fault("state", f"is not one of {', '.join(State)}"))
    if faults:
        raise InvalidRequestError(ErrorSource.PARAMETER, faults)
    return wanted


def _passes(row: Mapping[str, Any], name: str, value: str) -> bool:
    if name == "state":
        return bool(row["state"]["state"] == value)
    if name == "agentId" and value == UNASSIGNED:
        return row["agentId"] is None
    return bool(row[name] == value)


def _is_shown(process: ListingProcess) -> bool:
    """Whether the CRM sees a process: one that has vanished, or is of a state nobody knows, is not there for it."""
    return not process.vanished and process.facts.state in tuple(State)


def _show(process: ListingProcess) -> dict[str, Any]:
    facts = process.shown
    return {
        "id": process.process_id,
        "locator": facts.locator,
        "accountId": facts.account_id,
        "propertyId": facts.property_id,
        "agentId": facts.agent_id,
        "state": {"state": facts.state},
    }


def _page(
    path: str, relation: str, rows: Sequence[Mapping[str, Any]], filters: Mapping[str, str], paging: Paging
) -> dict[str, Any]:
    """Return a HAL page; unlike the portal's own, its links keep filters and page size."""
    last = max(1, -(-len(rows) // paging.per_page))
    start = (paging.page - 1) * paging.per_page
    shown = list(rows[start : start + paging.per_page])
    kept = {name: filters[name] for name in FILTERS if name in filters}
    size = {"itemsPerPage": paging.per_page} if paging.given else {}

    def link(page: int) -> dict[str, str]:
        return {"href": f"{path}?{urlencode(kept | {'page': page} | size)}"}

    links = {"self": link(paging.page), "first": link(1), "last": link(last)}
    if paging.page < last:
        links["next"] = link(paging.page + 1)
    if paging.page > 1:
        links["previous"] = link(min(paging.page - 1, last))
    return {"count": len(shown), "total": len(rows), "_links": links, "_embedded": {relation: shown}}
