"""What Casita's news say, whether they came by themselves or were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.causes import NO_REASON
from placard.domain.events import Advert, AdvertState, End, Operation, PortalEvent, Source, Verdict
from placard.domain.messages import Message
from placard.domain.problems import Problem
from placard.portals.reading import as_instant, as_text, as_url, parse_object
from placard.ports import Question
from tests.portals.casita.words import NEWS


def interpret(message: Message) -> PortalEvent:
    """Return what a stored message says."""
    try:
        said = parse_object(message.raw)
    except ValueError:
        said = {}
    return read_news(said, Source.CALLBACK, message.remote_id, message.received_at, message.key)


def read_news(said: Mapping[str, Any], source: Source, home: str, received_at: int, evidence: str) -> PortalEvent:
    """Return news of a home, received then (ms); a word that no table has is known to nobody."""
    word, reason = as_text(said.get("news")) or "no news", as_text(said.get("reason"))
    news = NEWS.get(word)
    told: dict[str, Any] = {"at": as_instant(said.get("at")), "details": reason, "evidence": evidence}
    if news is None:
        return PortalEvent(source, home, received_at, word, known=False, **told)
    failed = news.verdict is Verdict.FAILED
    return PortalEvent(
        source,
        home,
        received_at,
        word,
        **told,
        transaction=as_text(said.get("ticket")),
        end=None if news.operation is None else End(news.verdict, news.operation),
        advert=None if news.state is None else Advert(news.state, word, as_url(said.get("url"))),
        problems=(Problem.quote("rejected_by_portal", reason or NO_REASON),) if failed else (),
    )


def read_nothing(question: Question, now: int) -> PortalEvent:
    """Return what a 404 says: no such home; a deletion in flight has reached its goal."""
    remote_id, running = question.publication.remote_id, question.publication.running
    deletes = running is not None and running.kind is Operation.DELETE
    return PortalEvent(
        Source.POLL,
        remote_id,
        now,
        "HTTP 404",
        end=End(Verdict.SUCCEEDED, Operation.DELETE) if deletes else None,
        advert=Advert(AdvertState.ABSENT),
        evidence=f"GET {remote_id} → HTTP 404",
    )
