"""Sending dead messages back from a terminal: what is said when nothing was sent."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ops import redrive
from ops.stack import Stack
from placard import bootstrap


class Letters:
    """A queue of a stream's records: one lies there, and none can be sent back."""

    def queues(self) -> tuple[str, ...]:
        return ("StreamFailureQueue",)


def test_that_nothing_was_sent_back_is_not_told_as_nothing_being_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "dead_letters", Letters())
    monkeypatch.setattr(redrive.Redrive, "redrive", lambda *_: [])
    bootstrap.use(publication_store=None, clock=None)
    said = io.StringIO()
    given = {"QUEUE": "StreamFailureQueue", "APPLY": "1", "REASON": "read"}
    assert redrive.run(given, Stack("placard"), Console(file=said, width=240)) == 0
    assert "that came from a queue: nothing was sent back" in said.getvalue()
    bootstrap.use()
