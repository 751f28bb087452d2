"""What the contract suite knows of a provider, and what it throws at it.

The suite (`test_contract.py`) runs every provider of the registry through the same expectations, and a made-up one that is
plugged in for it. A new one adds its registry line and, beside its tests, a `stage.py` with a `STAGE`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import httpx
from hypothesis import strategies as st

from placard.domain.body import point, read_body
from placard.domain.events import Operation
from placard.domain.members import MEMBERS, PRICE_MEMBERS, Shape
from placard.domain.refusals import InvalidRequestError
from placard.portals.registry import PROVIDERS
from placard.ports import Callback, Poller, Publisher, Receiver, Row
from tests.fakes import FakeClock
from tests.portals.casita import lines as casita
from tests.unit.portals.scene import Portal

# The registry's providers, and Casita, which proves that the suite and the core take another one.
EVERYONE = (*PROVIDERS, casita.PROVIDER)


@dataclass(frozen=True)
class Calls:
    """How a provider's portal calls back.

    `events` are bodies that differ in what they say, `sign` gives the request that carries one (with this secret), `receiver`
    checks with a current and a previous secret.
    """

    events: tuple[bytes, ...]
    sign: Callable[[bytes, str], Callback]
    receiver: Callable[[str, str | None], Receiver]


@dataclass(frozen=True)
class Polls:
    """How a provider is read that never calls: a poller over a portal, pages as it gives them, rows that differ."""

    poller: Callable[[Portal, FakeClock], Poller]
    pages: tuple[Mapping[str, Any], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Stage:
    """A provider as the suite sees it.

    `bodies` are classifieds the API takes; `operations` are what the portal has; `taken` is its answer to one; `done` are
    those that end with that answer; `secrets` must appear in no error; `calls` is None where the portal never calls, and
    `polls` says what is read there instead.
    """

    channels: tuple[str, ...]
    bodies: tuple[Mapping[str, Any], ...]
    operations: frozenset[Operation]
    publisher: Callable[[Portal, FakeClock], Publisher]
    taken: Callable[[Operation], httpx.Response]
    secrets: tuple[str, ...]
    done: frozenset[Operation] = frozenset()
    calls: Calls | None = None
    polls: Polls | None = None


def stage_of(provider: str) -> Stage:
    """Return a provider's stage, from the `stage.py` beside its tests."""
    return cast("Stage", import_module(f"tests.unit.portals.{provider}.stage").STAGE)


class Parrot(Portal):
    """A portal that answers every call with the headers and the body it was sent."""

    def __init__(self, status: int, *, page: bool) -> None:
        self._status, self._page = status, page
        super().__init__()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        echo = {"echo": dict(request.headers), "sent": request.content.decode()}
        if self._page:
            return httpx.Response(self._status, html=f"<html>{echo}</html>")
        return httpx.Response(self._status, json=echo)


# --- classifieds -----------------------------------------------------------------------------------------------------

# Neither NaN nor infinity is JSON, and the API refuses both.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", "A", "VENDE-SE 🏠 !!! liga 912 345 678", "https://x.example", "RENT", "PICTURE", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn, bodies: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    """Draw a classified the API takes, up to six steps away from one of these."""
    body = read_body(copy.deepcopy(draw(st.sampled_from(bodies))))
    for _ in range(draw(st.integers(0, 6))):
        changed = copy.deepcopy(body)
        places = list(_places(changed))
        owner, name = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.booleans()):
            del owner[name]
        else:
            owner[name] = draw(JSON)
        try:
            body = read_body(changed)
        except InvalidRequestError:
            continue
    return body


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in items:
        yield value, name
        yield from _places(member)


_SHAPES = {
    pattern: {name: shape for shape, names in members.items() for name in names.split()}
    for pattern, members in (MEMBERS | {"price": PRICE_MEMBERS}).items()
}
_FREE = (Shape.TEXTS, Shape.GEOMETRY, Shape.STRINGS, Shape.MONEY)


def could_exist(pointer: str) -> bool:
    """Whether a JSON pointer names a member of the classified that the contract knows, present or not."""
    if not pointer.startswith("/"):
        return False
    pattern = ""
    names = iter(pointer.split("/")[1:])
    for name in names:
        shape = _SHAPES.get(pattern, {}).get(name)
        if shape is None and (pattern, name) != ("", "portals"):
            return False
        pattern = "price" if shape is Shape.PRICE else point(pattern, name)
        if shape in _FREE:
            return True
        if shape is Shape.OBJECTS and not next(names, "0").isdigit():
            return False
        pattern += "/*" if shape is Shape.OBJECTS else ""
    return True


# --- what a portal may say -------------------------------------------------------------------------------------------


def reorder(body: bytes) -> bytes:
    """Return the same JSON, spelt otherwise."""
    told = json.loads(body)
    return json.dumps(dict(reversed(told.items())), indent=3).encode()


@st.composite
def distorted(draw: st.DrawFn, events: tuple[bytes, ...]) -> str:
    """Draw a message of a portal with some of its members replaced by anything."""
    told = json.loads(draw(st.sampled_from(events)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(told))
        if not places:
            break
        owner, name = places[draw(st.integers(0, len(places) - 1))]
        owner[name] = draw(JSON)
    return json.dumps(told)
