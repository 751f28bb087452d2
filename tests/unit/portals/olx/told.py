"""OLX's notifications as its tests tell them, and the pure core that folds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from placard.domain.events import Operation, PortalEvent
from placard.domain.lifecycle import Outcome
from placard.portals.olx.manifest import POLICY
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Message
from tests.fakes import FakeClock, MemoryVault
from tests.unit.domain.hub import Hub
from tests.unit.portals.scene import read_contract

UUID = "0a8c58ee-6717-4e89-b52b-8ec82ece9987"
SAMPLE = read_contract("olx/notification_advert_posted_success.rich.json")
STATE_CHANGED = "advert_state_changed"


def row(*names: str) -> pytest.MarkDecorator:
    """Name the rows of the contract's tables that a test holds, by section and first cell."""
    return pytest.mark.parametrize((), [pytest.param(id=name) for name in names])


def tell(event_type: str = STATE_CHANGED, at: int = 0, transaction: str = "t", **data: Any) -> dict[str, Any]:
    """Return a notification's body; `at` is its time in ms, `data` is all it says of the advert."""
    flow = "advert_lifecycle" if event_type == STATE_CHANGED else "publish_advert"
    said = {"flow": flow, "event_type": event_type, "transaction_id": transaction, "data": data}
    return SAMPLE | said | {"object_id": UUID, "timestamp": at, "event_timestamp": at}


def interpret(body: Any, received_at: int = 2_000_000_000_000, channel: str = "imovirtual") -> PortalEvent | None:
    """Return what the receiver makes of a body."""
    message = Message("olx", UUID, "d", json.dumps(body), received_at)
    return OlxReceiver(MemoryVault(FakeClock())).interpret(message, channel)


def read(body: Any, **more: Any) -> PortalEvent:
    """Return what the receiver makes of a body that is about an advert."""
    event = interpret(body, **more)
    assert event is not None
    return event


class OlxHub(Hub):
    """The core under OLX's manifest."""

    def hear(
        self, event_type: str = STATE_CHANGED, later: int = 1000, transaction: str | None = None, **data: Any
    ) -> Outcome:
        """Fold a notification that says this of the advert, some time later; a negative `later` tells of the past."""
        at = self.now + later
        self.now = max(self.now, at)
        return self.fold(
            read(tell(event_type, at, transaction or f"t-{len(self.calls)}", **data), received_at=self.now)
        )

    @property
    def advert(self) -> Any:
        """The advert as the CRM sees it."""
        shown = self.last.to_json()
        return shown["advert"]

    @property
    def problem(self) -> str | None:
        """The code of the problem the CRM sees."""
        shown = self.last.to_json().get("problem")
        return None if shown is None else str(shown["code"])


def publish(**said: Any) -> OlxHub:
    """Return a hub whose POST has ended with this success; live by default."""
    hub = OlxHub(policy=POLICY)
    hub.post("IMOVIRTUAL")
    assert hub.begun() is Operation.POST
    hub.accept(UUID)
    hub.hear("advert_posted_success", **(said or {"code": "active", "visible_in_profile": True}))
    return hub
