"""Pages of a list, newest first, that end at a number of rows or at a size, whatever a filter leaves out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from placard.domain.publication import Rank
from placard.domain.refusals import ErrorSource, Fault, InvalidRequestError
from placard.ports import Page

Row = TypeVar("Row")

LARGEST_LIMIT = 250
LARGEST_PAGE = 4_000_000  # bytes of JSON; a function's answer may have 6 MB
_MOST_READS = 10  # a filter that matches nothing ends a page too, with a token to go on


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows as JSON, and the token of the next page, None on the last."""

    items: tuple[dict[str, Any], ...]
    next_token: str | None = None


@dataclass(frozen=True, slots=True)
class Query(Generic[Row]):
    """A list: how it is read and shown, and where a row stands in it: time in ms, then a name of its own, both falling.

    `scope` names what is listed, so that another list refuses the token. `extra` are rows that are not stored yet.
    """

    scope: str
    read: Callable[[int, str | None], Page[Row]]
    rank: Callable[[Row], Rank]
    show: Callable[[Row], dict[str, Any]]
    keep: Callable[[Row], bool] | None = None
    extra: tuple[Row, ...] = ()


def take_page(query: Query[Row], limit: int, token: str | None) -> Listing:
    """Return at most `limit` rows and 4 MB, but at least one row if there is any.

    Raises InvalidRequestError for a token that is not of this list.
    """
    after, passed = read_token(query.scope, token)
    resumed = passed  # rows of the first read up to here were on the page before
    names: set[str] = set()
    items: list[dict[str, Any]] = []
    size = 0
    for _ in range(_MOST_READS):
        page = _read(query, limit, after)
        stored = [row for row in page.rows if resumed is None or query.rank(row) < resumed]
        names.update(query.rank(row)[1] for row in page.rows)
        for row in sorted(stored + _due_extras(query, page, passed, names), key=query.rank, reverse=True):
            if query.keep is None or query.keep(row):
                shown = query.show(row)
                size += len(json.dumps(shown, ensure_ascii=False).encode())
                if len(items) == limit or (items and size > LARGEST_PAGE):
                    return Listing(tuple(items), write_token(query.scope, after, passed))
                items.append(shown)
            passed = query.rank(row)
        after, resumed = page.after, None
        if after is None:
            return Listing(tuple(items))
    return Listing(tuple(items), write_token(query.scope, after, passed))


def _read(query: Query[Row], limit: int, after: str | None) -> Page[Row]:
    # One row more than asked for tells whether there is a next page; a filter needs more than it shows.
    rows = LARGEST_LIMIT if query.keep is not None else limit + 1
    try:
        return query.read(rows, after)
    except ValueError:
        if after is None:
            raise
        refuse_token("nextToken")


def _due_extras(query: Query[Row], page: Page[Row], passed: Rank | None, names: set[str]) -> list[Row]:
    """Return the extra rows between the last row passed and the end of this read, unless meanwhile stored."""
    end = query.rank(page.rows[-1]) if page.after is not None and page.rows else (-1, "")
    due = []
    for row in query.extra:
        rank = query.rank(row)
        if (passed is None or rank < passed) and rank > end and rank[1] not in names:
            due.append(row)
    return due


def write_token(scope: str, after: str | None, passed: Rank | None) -> str:
    """Return a place in a list as text that may stand in a query string; `scope` names the list."""
    text = json.dumps([scope, after, *(passed or (None, None))], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(scope: str, token: str | None, parameter: str = "nextToken") -> tuple[str | None, Rank | None]:
    """Return what the token was made of, nothing without one. Raises InvalidRequestError for one of another list."""
    if token is None:
        return None, None
    try:
        whose, after, time, name = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, TypeError, RecursionError):
        refuse_token(parameter)
    if whose != scope or not isinstance(after, str | None):
        refuse_token(parameter)
    if time is None and name is None:
        return after, None
    if type(time) is not int or not isinstance(name, str):
        refuse_token(parameter)
    return after, (time, name)


def refuse_token(parameter: str) -> NoReturn:
    """Raise InvalidRequestError: this parameter is of another list."""
    raise InvalidRequestError(ErrorSource.PARAMETER, [Fault(parameter, "is not a token of this list")]) from None
