"""What a simulator was asked and what it told, without secrets."""

import json
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# The newest are kept; the counts go on.
KEPT = 20_000
TOKEN_MEMBERS_SHOWN = frozenset({"grant_type", "client_id", "audience", "intermediary_id", "email"})
# Where the portals give out tokens.
TOKEN_PATHS = ("/token", "/authentications", "/authentications/me/refresh")
NOT_WRITES = (*TOKEN_PATHS, "/webhooks")


@dataclass
class Call:
    """One API call. `status` None = the connection was closed without an answer; `fault` = the kind that struck.

    `webhook` = what a receiver made of the call's proof.
    """

    method: str
    path: str
    query: str
    time: str
    body: Any
    traceparent: str | None
    status: int | None = None
    fault: str | None = None
    webhook: dict[str, Any] | None = None


@dataclass
class Callback:
    """One callback. `status` is that of its newest answer, None while there is none.

    `outcome`: waiting, accepted, refused (no tries left), dropped (too slow), withheld (switched off).
    """

    object_id: str
    body: Any
    time: str
    status: int | None = None
    attempts: int = 0
    outcome: str = "waiting"
    statuses: list[int | None] = field(default_factory=list)


def format_now() -> str:
    """The present instant as ISO 8601 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def mask_secrets(path: str, body: Any) -> Any:
    """The body of a call as it may be shown.

    Token requests lose their secrets, webhook URLs their path: it proves the sender.
    """
    if not isinstance(body, dict):
        return body
    if path.endswith(TOKEN_PATHS):
        return {name: value if name in TOKEN_MEMBERS_SHOWN else "***" for name, value in body.items()}
    if path.endswith("/webhooks") and isinstance(body.get("url"), str):
        parts = urlsplit(body["url"])
        return {**body, "url": f"{parts.scheme}://{parts.netloc}/***"}
    return body


class Journal:
    """The record of one simulator; with `log`, each finished entry is also a JSON line of that file."""

    def __init__(self, log: Path | None = None) -> None:
        self._log = log
        self.clear()

    def clear(self) -> None:
        self.calls: deque[Call] = deque(maxlen=KEPT)
        self.callbacks: deque[Callback] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter(calls=0, writes=0, tokens=0, callbacks=0)

    def open_call(self, method: str, path: str, query: str, body: Any, traceparent: str | None) -> Call:
        call = Call(method, path, query, format_now(), mask_secrets(path, body), traceparent)
        self.calls.append(call)
        self._counts["calls"] += 1
        self._counts["tokens"] += path.endswith(TOKEN_PATHS)
        self._counts["writes"] += method != "GET" and not path.endswith(NOT_WRITES)
        return call

    def close_call(self, call: Call, status: int | None) -> None:
        call.status = status
        self._write_line("call", asdict(call))

    def open_callback(self, object_id: str, body: Any) -> Callback:
        callback = Callback(object_id, body, format_now())
        self.callbacks.append(callback)
        return callback

    def note_attempt(self, callback: Callback, status: int | None) -> None:
        callback.status = status
        callback.statuses.append(status)
        callback.attempts += 1
        self._counts["callbacks"] += callback.attempts == 1

    def close_callback(self, callback: Callback, outcome: str) -> None:
        callback.outcome = outcome
        self._write_line("callback", asdict(callback))

    def count_all(self) -> dict[str, int]:
        """All API calls, among them writes on adverts and token requests; callbacks sent (retries not counted)."""
        return dict(self._counts)

    def _write_line(self, kind: str, entry: dict[str, Any]) -> None:
        if self._log:
            with self._log.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"kind": kind, **entry}, ensure_ascii=False) + "\n")
