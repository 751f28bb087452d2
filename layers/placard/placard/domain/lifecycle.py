"""The tables of the state machine, literally (lifecycle §2 to §4). Nothing here decides; it only says what is so."""

from __future__ import annotations

from enum import StrEnum, auto

from placard.domain.events import AdvertState, Operation, Verdict


class Word(StrEnum):
    """The 14 operation words, V4's own [seed 000]."""

    RECEIVING = "RECEIVING"
    RECEIVED = "RECEIVED"
    RECEIVING_FAILED = "RECEIVING_FAILED"
    CREATING = "CREATING"
    CREATED = "CREATED"
    CREATED_WITH_MEDIA_ERROR = "CREATED_WITH_MEDIA_ERROR"
    CREATING_FAILED = "CREATING_FAILED"
    UPDATING = "UPDATING"
    UPDATED = "UPDATED"
    UPDATED_WITH_MEDIA_ERROR = "UPDATED_WITH_MEDIA_ERROR"
    UPDATING_FAILED = "UPDATING_FAILED"
    DELETING = "DELETING"
    DELETED = "DELETED"
    DELETING_FAILED = "DELETING_FAILED"


class Family(StrEnum):
    """What a revision does to one portal; it fixes the words (lifecycle §3)."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


RUNNING = {Family.CREATE: Word.CREATING, Family.UPDATE: Word.UPDATING, Family.DELETE: Word.DELETING}
ENDED = {
    (Family.CREATE, Verdict.SUCCEEDED): Word.CREATED,
    (Family.CREATE, Verdict.FAILED): Word.CREATING_FAILED,
    (Family.UPDATE, Verdict.SUCCEEDED): Word.UPDATED,
    (Family.UPDATE, Verdict.FAILED): Word.UPDATING_FAILED,
    (Family.DELETE, Verdict.SUCCEEDED): Word.DELETED,
    (Family.DELETE, Verdict.FAILED): Word.DELETING_FAILED,
}
FAMILY_OF = {word: family for (family, _), word in ENDED.items()}
WITH_MEDIA_ERROR = {
    Word.CREATED: Word.CREATED_WITH_MEDIA_ERROR,
    Word.UPDATED: Word.UPDATED_WITH_MEDIA_ERROR,
}
END_WORDS = frozenset(ENDED.values()) | frozenset(WITH_MEDIA_ERROR.values()) | {Word.RECEIVING_FAILED}
FAILED_WORDS = frozenset(word for word in END_WORDS if word.endswith("_FAILED"))

# Lifecycle §3: which word may follow which within one revision of one portal.
FOLLOWERS: dict[Word, frozenset[Word]] = {
    Word.RECEIVED: frozenset({Word.CREATING, Word.UPDATING, Word.DELETING}) | END_WORDS,
    Word.CREATING: frozenset(
        {Word.CREATED, Word.CREATED_WITH_MEDIA_ERROR, Word.CREATING_FAILED, Word.RECEIVING_FAILED}
    ),
    Word.UPDATING: frozenset(
        {Word.UPDATED, Word.UPDATED_WITH_MEDIA_ERROR, Word.UPDATING_FAILED, Word.RECEIVING_FAILED}
    ),
    Word.DELETING: frozenset({Word.DELETED, Word.DELETING_FAILED, Word.RECEIVING_FAILED}),
    Word.CREATED: frozenset({Word.CREATED_WITH_MEDIA_ERROR, Word.DELETED}),
    Word.CREATED_WITH_MEDIA_ERROR: frozenset({Word.DELETED}),
    Word.UPDATED: frozenset({Word.UPDATED_WITH_MEDIA_ERROR, Word.DELETED}),
    Word.UPDATED_WITH_MEDIA_ERROR: frozenset({Word.DELETED}),
    Word.CREATING_FAILED: frozenset({Word.CREATED, Word.CREATED_WITH_MEDIA_ERROR}),
    Word.UPDATING_FAILED: frozenset({Word.UPDATED, Word.UPDATED_WITH_MEDIA_ERROR}),
    Word.DELETING_FAILED: frozenset({Word.DELETED}),
    Word.DELETED: frozenset(),
    Word.RECEIVING: frozenset(),
    Word.RECEIVING_FAILED: frozenset(),
}


class Outcome(StrEnum):
    """What a portal's word did (lifecycle §4). Only `applied` is told to the CRM."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"


class Situation(StrEnum):
    """The columns of the table of lifecycle §2."""

    NEW = "present, not yet acted on"
    ACTED = "present, acted on"
    PAUSED = "paused"
    ABSENT = "absent"


class Step(StrEnum):
    """The cells of the table of lifecycle §2."""

    POST = auto()
    PUT = auto()
    DELETE = auto()
    DEACTIVATE = auto()
    ACTIVATE = auto()
    END_UPDATED = auto()
    END_DELETED = auto()
    REST = auto()
    WAIT = auto()
    PROBE = auto()


_S = Step
# Lifecycle §2: advert state × wish. An operation in flight, an unknown outcome and surplus adverts are looked at before.
# `REST` where the table has a dash or a problem: the problem was told when the portal's word arrived.
STEPS: dict[AdvertState, dict[Situation, Step]] = {
    state: dict(zip((Situation.NEW, Situation.ACTED, Situation.PAUSED, Situation.ABSENT), row, strict=True))
    for state, row in {
        #                      present, new  acted on  paused           absent
        AdvertState.ABSENT: (_S.POST, _S.REST, _S.END_UPDATED, _S.END_DELETED),
        AdvertState.PENDING: (_S.PUT, _S.PROBE, _S.WAIT, _S.DELETE),
        AdvertState.LIVE: (_S.PUT, _S.REST, _S.DEACTIVATE, _S.DELETE),
        AdvertState.BLOCKED: (_S.PUT, _S.REST, _S.WAIT, _S.DELETE),
        AdvertState.UNPAID: (_S.POST, _S.REST, _S.END_UPDATED, _S.END_DELETED),
        AdvertState.REJECTED: (_S.PUT, _S.REST, _S.END_UPDATED, _S.END_DELETED),
        AdvertState.EXPIRED: (_S.ACTIVATE, _S.REST, _S.END_UPDATED, _S.DELETE),
        AdvertState.PAUSED: (_S.ACTIVATE, _S.REST, _S.END_UPDATED, _S.DELETE),
        AdvertState.WITHDRAWN: (_S.POST, _S.REST, _S.END_UPDATED, _S.END_DELETED),
        AdvertState.UNKNOWN: (_S.PUT, _S.REST, _S.WAIT, _S.DELETE),
    }.items()
}
OPERATION_OF: dict[Step, Operation] = {
    Step.POST: Operation.POST,
    Step.PUT: Operation.PUT,
    Step.DELETE: Operation.DELETE,
    Step.DEACTIVATE: Operation.DEACTIVATE,
    Step.ACTIVATE: Operation.ACTIVATE,
}

# The goal of an operation: an error that finds it reached is a success (lifecycle §3; contracts/olx.md §0, rule 7).
GOALS: dict[Operation, frozenset[AdvertState]] = {
    Operation.POST: frozenset(),
    Operation.PUT: frozenset(),
    Operation.DELETE: frozenset({AdvertState.WITHDRAWN, AdvertState.ABSENT}),
    Operation.DEACTIVATE: frozenset({AdvertState.PAUSED}),
    Operation.ACTIVATE: frozenset({AdvertState.LIVE}),
}

# A portal holds no advert of the classified in these states, so the revision creates (lifecycle §3).
HOLDS_NOTHING = frozenset({AdvertState.ABSENT, AdvertState.UNPAID, AdvertState.WITHDRAWN})

# Why an advert at rest is not live, where the event names no reason of its own: state → problem code.
RESTING_PROBLEM: dict[AdvertState, str] = {
    AdvertState.ABSENT: "removed_on_portal",
    AdvertState.PENDING: "not_live_yet",
    AdvertState.BLOCKED: "not_live_yet",
    AdvertState.UNPAID: "payment_required",
    AdvertState.REJECTED: "moderated",
    AdvertState.EXPIRED: "expired",
    AdvertState.PAUSED: "removed_on_portal",
    AdvertState.WITHDRAWN: "removed_on_portal",
    AdvertState.UNKNOWN: "not_live_yet",
}
