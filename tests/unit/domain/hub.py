"""A hub in a few lines: the pure core driven by hand, with one publication and a portal that the test plays itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from placard.domain import answers
from placard.domain.answers import Answer, Folded, Result
from placard.domain.apply import apply
from placard.domain.classified import Classified, Kind
from placard.domain.decide import Start, begin
from placard.domain.events import Advert, AdvertState, End, Operation, Picture, PortalEvent, Source, Verdict
from placard.domain.instants import DAY, MINUTE
from placard.domain.lifecycle import Outcome
from placard.domain.look import Looked, look, open_publication, rest
from placard.domain.policy import Policy, Rendering
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Publication, Running

S = AdvertState
CLASSIFIED_ID = "7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614"
LEASE = 90_000

_NEXT = {
    S.LIVE: (Operation.PUT, Operation.DELETE, Operation.DEACTIVATE),
    S.PENDING: (Operation.PUT, Operation.DELETE),
    S.BLOCKED: (Operation.PUT, Operation.DELETE),
    S.REJECTED: (Operation.PUT,),
    S.EXPIRED: (Operation.PUT, Operation.ACTIVATE, Operation.DELETE),
    S.PAUSED: (Operation.ACTIVATE, Operation.DELETE),
    S.UNPAID: (Operation.POST,),
    S.WITHDRAWN: (Operation.POST,),
    S.ABSENT: (Operation.POST,),
}


def next_operations(advert: Advert) -> tuple[Operation, ...]:
    return _NEXT.get(advert.state, ())


# A portal whose callbacks are facts and that can pause, as OLX; and one of hints that cannot, as AVIV.
FACTS = Policy("olx", True, 10 * MINUTE, 30 * MINUTE, next_operations, repost_wait=DAY)
HINTS = Policy("aviv", False, 15 * MINUTE, 15 * MINUTE, next_operations, pauses=False, judges_updates=True)


@dataclass
class Hub:
    """One classified on one channel. `now` is the hub's clock, moved by the test."""

    policy: Policy = FACTS
    channel: str = "imovirtual"
    now: int = 1_800_000_000_000
    classified: Classified | None = None
    publication: Publication | None = None
    timeline: list[Entry] = field(default_factory=list)
    broken: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    key: str = "flat-sale"
    calls: list[Start] = field(default_factory=list)
    operations: list[Running] = field(default_factory=list)

    # --- the CRM ---

    def put(self, *portals: str, text: str = "a flat", kind: Kind = Kind.PUT) -> None:
        before = self.classified
        revision = before.revision + 1 if before else 1
        self.classified = Classified(
            CLASSIFIED_ID,
            "acme",
            "a-1",
            revision,
            kind,
            self.now,
            {"text": text},
            text,
            portals,
            revision,
            former_portals=before.portals if before and kind is Kind.PUT else (),
            ever=(before.ever if before else frozenset()) | set(portals),
            paused=(before.paused & set(portals)) if before and kind is Kind.PUT else frozenset(),
            asked=dict(before.asked) if before else {},
            asked_kind=dict(before.asked_kind) if before else {},
            post_revision=revision if kind is Kind.POST else before.post_revision if before else 0,
        )

    def post(self, *portals: str, text: str = "a flat") -> None:
        self.put(*portals, text=text, kind=Kind.POST)

    def delete(self) -> None:
        assert self.classified is not None
        revision = self.classified.revision + 1
        self.classified = replace(
            self.classified,
            revision=revision,
            body_revision=revision,
            former_portals=() if self.classified.deleted else self.classified.portals,
            kind=Kind.DELETE,
            deleted=True,
            accepted_at=self.now,
        )

    def ask(self, kind: Kind, *portals: str) -> None:
        """Deactivate, activate or retry the named portals."""
        known = self.classified
        assert known is not None
        revision = known.revision + 1
        paused = known.paused | set(portals) if kind is Kind.DEACTIVATE else known.paused
        self.classified = replace(
            known,
            revision=revision,
            kind=kind,
            accepted_at=self.now,
            paused=paused - set(portals) if kind is Kind.ACTIVATE else paused,
            asked=dict(known.asked) | dict.fromkeys(portals, revision),
            asked_kind=dict(known.asked_kind) | dict.fromkeys(portals, kind),
        )

    # --- the hub ---

    def render(self) -> Rendering:
        assert self.classified is not None
        text = str(self.classified.body["text"])
        portals = self.classified.portals_on(self.channel)
        return Rendering({"text": text}, dict.fromkeys(portals, text), self.broken, key=self.key)

    def look(self) -> Looked:
        """Look once and begin what is decided; the call itself stays open until `answer`."""
        assert self.classified is not None
        publication = self.publication or open_publication(self.classified, self.channel)
        looked = look(publication, self.classified, self.render(), self.policy, self.now)
        self.timeline += looked.entries
        self.publication = looked.publication
        if looked.decision.start is not None:
            assert self.publication.running is None, "two operations in flight"
            self.calls.append(looked.decision.start)
            self.publication = begin(
                self.publication,
                looked.decision.start,
                self.render(),
                operation_id=f"operation-{len(self.calls)}",
                lease=LEASE,
                policy=self.policy,
                now=self.now,
            )
            assert self.publication.running is not None
            self.operations.append(self.publication.running)
        else:
            self.publication = rest(self.publication, looked.decision.wake_at, self.now)
        return looked

    def begun(self) -> Operation | None:
        """Look once and return the operation that was begun."""
        start = self.look().decision.start
        return None if start is None else start.kind

    @property
    def operation_id(self) -> str:
        return f"operation-{len(self.calls)}"

    def _take(self, folded: Folded) -> Outcome:
        self.publication = folded.publication
        self.timeline += folded.entries
        return folded.outcome

    @property
    def known(self) -> Publication:
        assert self.publication is not None
        return self.publication

    # --- the portal ---

    def accept(self, remote_id: str | None = None, transaction: str | None = None, replaces: int = 0) -> Outcome:
        transaction = transaction or f"t-{len(self.calls)}"
        answer = Answer(Result.ACCEPTED, remote_id=remote_id, transaction=transaction, replaces=replaces)
        return self._take(answers.accept(self.known, self.operations[-1], answer, self.policy, self.now))

    def refuse(self, *problems: Problem) -> Outcome:
        said = problems or (Problem("invalid_field", "too short"),)
        return self._take(answers.end(self.known, self.operation_id, Verdict.FAILED, self.policy, self.now, said))

    def done(self) -> Outcome:
        return self._take(answers.end(self.known, self.operation_id, Verdict.SUCCEEDED, self.policy, self.now))

    def miss(self) -> Outcome:
        return self._take(answers.miss(self.known, self.operation_id, self.now + 3_000, self.policy, self.now))

    def forget(self) -> Outcome:
        """Give up the call that was lost, so that the next look sends it again."""
        return self._take(answers.forget(self.known, self.operation_id, self.now))

    def fail(self, *, taken: bool, wait: int = 2_000) -> Outcome:
        return self._postpone(self.now + wait, taken=taken, counts=True, why="503")

    def hold(self, *, taken: bool, wait: int = 2_000) -> Outcome:
        """The hub's own budget has no call left for it."""
        return self._postpone(self.now + wait, taken=taken, counts=False, why="no budget", fails=False)

    def _postpone(self, retry_at: int, **how: Any) -> Outcome:
        return self._take(answers.postpone(self.known, self.operation_id, retry_at, self.policy, self.now, **how))

    def overdue(self) -> Outcome:
        return self._take(answers.overdue(self.known, self.policy, self.now))

    def say(self, **said: Any) -> Outcome:
        return self.fold(event(self.known.remote_id, self.now, **said))

    def fold(self, said: PortalEvent) -> Outcome:
        return self._take(apply(self.known, said, self.policy, self.now))

    # --- what the CRM is told ---

    def told(self, *, portal: str | None = None) -> list[str]:
        """The applied entries as `CREATED(1)`."""
        return [
            f"{entry.status.value}({entry.revision})"
            for entry in self.timeline
            if entry.outcome is Outcome.APPLIED and (portal is None or portal in entry.portals)
        ]

    @property
    def last(self) -> Entry:
        return self.timeline[-1]


def event(
    remote_id: str | None,
    now: int,
    *,
    state: AdvertState | None = None,
    code: str | None = None,
    ends: Operation | None = None,
    failed: bool = False,
    at: int | None = -1,
    transaction: str | None = None,
    revision: int | None = None,
    removal: bool | None = None,
    portals: tuple[str, ...] | None = None,
    picture: str | None = None,
    problems: tuple[Problem, ...] = (),
    url: str | None = None,
    source: Source = Source.CALLBACK,
    removing: bool = False,
    known: bool = True,
) -> PortalEvent:
    """A portal's word; `at` defaults to now."""
    end = None
    if ends is not None or revision is not None:
        end = End(Verdict.FAILED if failed else Verdict.SUCCEEDED, ends, revision, removal)
    when = now if at == -1 else at
    return PortalEvent(
        source,
        remote_id,
        now,
        "word",
        at=when,
        portals=portals,
        transaction=transaction,
        end=end,
        advert=None if state is None else Advert(state, code or state.value, url),
        pictures=() if picture is None else (Picture(picture, "CREATING_FAILED", when or 0),),
        problems=problems,
        removing=removing,
        known=known,
    )
