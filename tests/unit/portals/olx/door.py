"""The function OLX calls, its storage, and what folds what it stored."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from functions.receive_olx import app
from placard import bootstrap
from placard.portals.olx.manifest import POLICY
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Callback, Message
from placard.use_cases.apply_events import ApplyEvents
from tests.fakes import FakeClock, MemoryStore, MemoryVault
from tests.unit.portals.olx.stage import APP

KEY = APP["notification_secret"]


def sign(body: dict[str, Any], key: str = KEY, comma: str = ",") -> str:
    ids = f"{body['object_id']}{comma}{body['transaction_id']}"
    return hmac.new(key.encode(), ids.encode(), hashlib.sha1).hexdigest()


def verify(body: dict[str, Any], signature: str | None = None, at: int = 0, **headers: str) -> Message:
    receiver = OlxReceiver(MemoryVault(FakeClock(), {"olx/app": APP}))
    told = {"x-signature": sign(body) if signature is None else signature, **headers}
    return receiver.verify(Callback(json.dumps(body).encode(), told), at)


class Door:
    """The receiving function, its storage, and what folds what it stored."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.receiver = OlxReceiver(MemoryVault(self.clock, {"olx/app": APP}))
        self.apply = ApplyEvents(self.store, lambda _: self.receiver, lambda _: POLICY, self.clock)
        parts = {"receiver olx": self.receiver, "message_store": self.store, "clock": self.clock}
        bootstrap.use(**parts)

    def knock(self, body: dict[str, Any], method: str = "POST", **headers: str) -> int:
        told = {"X-Signature": sign(body), **headers}
        event = {
            "rawPath": "/",
            "headers": told,
            "requestContext": {"http": {"method": method}},
            "body": json.dumps(body),
        }
        status: int = app.handler(event, None)["statusCode"]
        return status

    def fold(self, body: dict[str, Any]) -> list[str]:
        return self.apply.fold_message("olx", body["object_id"], verify(body).digest)
