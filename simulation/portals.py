"""Portals that behave as OLX and AVIV do, at the Publisher's port: their own state, their own time, their own will.

What they say goes through the hub's own reading of it (`OlxReceiver.interpret`, `read_meta`, `read_statuses`, `read_shown`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from placard.domain.answers import Answer, Result
from placard.domain.classified import Classified
from placard.domain.errors import PortalRejectedError
from placard.domain.events import Operation, PortalEvent
from placard.domain.ids import content_hash
from placard.domain.instants import HOUR, MINUTE, SECOND, to_text
from placard.domain.policy import Policy, Rendering
from placard.domain.problems import Problem
from placard.domain.told import Place
from placard.portals.aviv import POLICY as AVIV
from placard.portals.aviv.mapping import build_payload
from placard.portals.aviv.statuses import is_undecided, read_shown, read_statuses
from placard.portals.aviv.statuses import read_nothing as read_nothing_at_aviv
from placard.portals.base import Reply
from placard.portals.olx import POLICY as OLX
from placard.portals.olx.meta import read_meta
from placard.portals.olx.meta import read_nothing as read_nothing_at_olx
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Call, Callback, Message, Question
from simulation.tape import Tape

# How long a portal takes to end what it has accepted.
WORK_TAKES = (2 * SECOND, 0, 40 * SECOND, 12 * MINUTE, 3 * HOUR)
_WORK_WEIGHTS = (10, 4, 5, 2, 1)
REFUSED = 0.08
PICTURE_FAILS = 0.06

_P = Operation
# contracts/olx.md §5: what the portal itself permits, by code. `None`: nothing was ever there.
PERMITTED: dict[str | None, frozenset[Operation]] = {
    None: frozenset({_P.POST}),
    "active": frozenset({_P.POST, _P.PUT, _P.DELETE, _P.DEACTIVATE}),
    "new": frozenset({_P.PUT, _P.DELETE}),
    "blocked": frozenset({_P.PUT, _P.DELETE}),
    "unpaid": frozenset({_P.POST}),
    "moderated": frozenset({_P.PUT}),
    "outdated": frozenset({_P.PUT, _P.ACTIVATE, _P.DELETE}),
    "paused": frozenset({_P.ACTIVATE, _P.DELETE}),
    "deleted": frozenset({_P.POST}),
}
_DONE_WORDS = {
    _P.POST: ("posted", "POSTED"),
    _P.PUT: ("put", "PUT"),
    _P.DELETE: ("deleted", "DELETED"),
    _P.DEACTIVATE: ("deactivated", "DEACTIVATED"),
    _P.ACTIVATE: ("activated", "ACTIVATED"),
}
DAY_OF_CHARGE = 24 * HOUR


@dataclass
class Site:
    """What a portal needs of its surroundings.

    `say` sends a callback: provider, remote id, raw text, and whether it arrives in any case, since nobody would ask for what
    a person did there. `calm`: no more whims of its own.
    """

    tape: Tape
    now: Callable[[], int]
    at: Callable[[int, Callable[[], None]], None]
    say: Callable[[str, str, str, bool], None]
    calm: Callable[[], bool]

    def whim(self, chance: float) -> bool:
        """Return whether the portal does what nobody wished."""
        return not self.calm() and self.tape.happens(chance)

    def take_time(self) -> int:
        """Return how long (ms) the portal works."""
        return WORK_TAKES[0] if self.calm() else WORK_TAKES[self.tape.pick(_WORK_WEIGHTS)]


@dataclass
class Work:
    """An operation in flight at the portal. `known`: the hub has its answer, and noted it."""

    operation: Operation
    transaction: str
    began_at: int
    text: Any = None
    key: str | None = None
    known: bool = False
    over: bool = False


def render(classified: Classified, channel: str) -> Rendering:
    """Return a classified in the portal's form. A body may be `unmapped` for the portals it names there."""
    said = classified.body["data"]
    portals = classified.portals_on(channel)
    broken = {p: (Problem.quote("unmapped_category", None),) for p in portals if p in said.get("broken", ())}
    if channel == "aviv":
        payload = build_payload({"data": {"text": said["text"]}})
        return Rendering(payload, dict.fromkeys(portals, content_hash(payload)), broken, names_portals=True)
    text = said["text"]
    return Rendering(
        {"text": text}, dict.fromkeys(portals, text), broken, key=f"{classified.classified_id}/{said['kind']}"
    )


def _refusal() -> PortalRejectedError:
    problem = Problem.quote("invalid_field", "refused by the portal")
    return PortalRejectedError(problem.detail, (problem,), status_code=400)


# --- OLX -------------------------------------------------------------------------------------------------------------


@dataclass
class OlxAdvert:
    """An advert at OLX. Instants in ms."""

    uuid: str
    place: Place
    key: str
    code: str | None = None
    visible: bool = True
    text: str | None = None
    url: str | None = None
    modified_at: int = 0
    deleted_at: int | None = None
    action: str = ""
    action_at: int = 0
    error: dict[str, str] | None = None
    work: Work | None = None
    last_told: int = 0

    @property
    def standing(self) -> str | None:
        """The row of PERMITTED."""
        if self.code == "removed_by_user":
            return "paused" if self.visible else "deleted"
        return self.code

    @property
    def live(self) -> bool:
        """Whether buyers see it."""
        return self.code == "active"

    @property
    def exists(self) -> bool:
        """Whether it stands at the portal, seen or not. One that was not paid for never did."""
        return self.standing not in (None, "deleted", "unpaid")


class OlxPortal:
    """OLX, with the hub's Publisher and Receiver for it."""

    provider = "olx"
    policy: Policy = OLX
    spontaneous = ("moderated", "outdated", "removed", "paused", "blocked", "active")

    def __init__(self, site: Site) -> None:
        self.site = site
        self.adverts: dict[str, OlxAdvert] = {}
        self._at: dict[Place, list[OlxAdvert]] = defaultdict(list)
        self._receiver = OlxReceiver(None)  # type: ignore[arg-type] - it needs the vault for signatures alone
        self._numbers = 0

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return a classified in the portal's form."""
        return render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """There is always an account."""

    # --- calls ---

    def works_on(self, place: Place) -> list[Work]:
        """Return what is in flight for a place."""
        return [advert.work for advert in self._at[place] if advert.work is not None]

    def add(self, advert: OlxAdvert) -> None:
        """Take an advert in."""
        self.adverts[advert.uuid] = advert
        self._at[advert.place].append(advert)

    def count_from(self, number: int) -> None:
        """Give the next advert this number."""
        self._numbers = number - 1

    def adverts_of(self, classified_id: str) -> list[OlxAdvert]:
        """Return what stands there of a classified."""
        return [advert for advert in self.adverts.values() if advert.place.classified_id == classified_id]

    def adverts_at(self, place: Place) -> tuple[OlxAdvert, ...]:
        """Return what stands there of a place."""
        return tuple(self._at[place])

    def send(self, call: Call) -> tuple[Answer, Work | None]:
        """Do what a call asks, and answer it."""
        place = Place(call.classified.classified_id, call.channel)
        if call.operation is Operation.POST:
            return self._post(call, place)
        advert = self.adverts.get(call.remote_id or "")
        if advert is None:
            return Answer(Result.DONE if call.operation is Operation.DELETE else Result.MISSING), None
        return self._begin(advert, call)

    def _post(self, call: Call, place: Place) -> tuple[Answer, Work | None]:
        key = call.rendering.key or ""
        twin = next((advert for advert in self._at[place] if advert.key == key), None)
        if twin is None:
            self._numbers += 1
            twin = OlxAdvert(f"olx-{self._numbers}", place, key)
            self.add(twin)
        elif twin.work is None and twin.exists:
            return Answer(Result.EXISTS), None
        return self._begin(twin, call)

    def _begin(self, advert: OlxAdvert, call: Call) -> tuple[Answer, Work | None]:
        if advert.work is not None:
            return Answer(Result.BUSY), None
        if self.site.whim(REFUSED / 2):
            raise _refusal()
        self._numbers += 1
        sends = call.operation in (Operation.POST, Operation.PUT)
        work = Work(
            call.operation, f"t-{self._numbers}", self.site.now(), call.rendering.payload["text"] if sends else None
        )
        advert.work, advert.action, advert.action_at = work, f"TO_{call.operation}", self._tick(advert)
        wait = self.site.take_time()
        if wait:
            self.site.at(self.site.now() + wait, lambda: self._finish(advert, work))
        answer = Answer(Result.ACCEPTED, advert.uuid, work.transaction, at=advert.action_at)
        if not wait:
            self._finish(advert, work)
        return answer, work

    def _finish(self, advert: OlxAdvert, work: Work) -> None:
        now = self._tick(advert)
        middle, done = _DONE_WORDS[work.operation]
        advert.work, work.over = None, True
        refusal = self._judge(advert, work)
        advert.action, advert.action_at = done if refusal is None else f"NOT_{done}", now
        advert.error = refusal
        if refusal is None:
            self._apply(advert, work, now)
            if work.text is not None and self.site.whim(PICTURE_FAILS):
                self._tell(advert, "advert_image_error", {"title": "https://img.test/1.jpg"}, work)
            self._tell(advert, f"advert_{middle}_success", self._snapshot(advert), work)
        else:
            said: dict[str, Any] = dict(refusal)
            if refusal["title"] == "unpaid":
                advert.code, advert.modified_at = "unpaid", now
                said = {"title": "AdvertsPostingException", "detail": "no package", "code": "unpaid"}
            elif work.operation not in (Operation.POST, Operation.PUT) and advert.code:
                said |= self._snapshot(advert)
            self._tell(advert, f"advert_{middle}_error", said, work)
        self._tell_state(advert, arrives=False)
        if advert.code in ("new", "blocked"):
            self.site.at(self.site.now() + self.site.take_time() + MINUTE, lambda: self.review(advert))

    def _judge(self, advert: OlxAdvert, work: Work) -> dict[str, str] | None:
        if work.operation not in PERMITTED[advert.standing]:
            gone = advert.standing in (None, "deleted", "unpaid")
            if work.operation is Operation.DELETE and advert.standing is not None:
                return {"title": "ForbiddenException", "detail": f"You can't delete it: {advert.standing}"}
            if gone and work.operation is not Operation.POST:
                return {"title": "NotFoundException", "detail": "not found for the user"}
            return {"title": "BadRequestException", "detail": f"not as {advert.standing}"}
        if work.operation is Operation.POST:
            charged = advert.deleted_at is not None and self.site.now() < advert.deleted_at + DAY_OF_CHARGE
            if charged or self.site.whim(REFUSED / 4):
                return {"title": "unpaid", "detail": "no package"}
        if self.site.whim(REFUSED):
            return {"title": "AdvertsPostingException", "detail": "Adding the ad failed."}
        return None

    def _apply(self, advert: OlxAdvert, work: Work, now: int) -> None:
        advert.modified_at = now
        advert.text = advert.text if work.text is None else work.text
        if work.operation in (Operation.POST, Operation.ACTIVATE):
            advert.code = "new" if self.site.whim(0.2) else "active"
            advert.visible, advert.deleted_at, advert.url = True, None, f"https://olx.test/{advert.uuid}"
        elif work.operation is Operation.PUT and advert.code == "moderated":
            advert.code = "blocked"
        elif work.operation is Operation.PUT and advert.code == "outdated":
            advert.code = "active"
        elif work.operation is Operation.DEACTIVATE:
            advert.code, advert.visible = "removed_by_user", True
        elif work.operation is Operation.DELETE:
            advert.code, advert.visible, advert.deleted_at = "removed_by_user", False, now

    # --- what happens there by itself ---

    def review(self, advert: OlxAdvert) -> None:
        """Let an advert that waits for review go live."""
        if advert.code in ("new", "blocked"):
            pending = advert.code == "new"
            self._move(advert, "active", arrives=not pending)

    def act(self, number: int) -> str:
        """Let a person or the portal move one of the adverts; return what was done."""
        there = [advert for advert in self.adverts.values() if advert.exists]
        if not there:
            return "nothing"
        advert, what = there[number % len(there)], self.spontaneous[number // len(there) % len(self.spontaneous)]
        if what == "removed":
            advert.deleted_at = self.site.now()
            self._move(advert, "removed_by_user", visible=False)
        elif what == "paused":
            self._move(advert, "removed_by_user")
        elif advert.code != what:
            self._move(advert, what)
        if advert.code == "blocked":
            self.site.at(self.site.now() + HOUR, lambda: self.review(advert))
        return f"{advert.uuid} {what}"

    def expire(self, advert: OlxAdvert) -> None:
        """Let the account's package run out, and the advert with it."""
        self._move(advert, "outdated_by_package")

    def _move(self, advert: OlxAdvert, code: str, *, visible: bool = True, arrives: bool = True) -> None:
        advert.code, advert.visible, advert.modified_at = code, visible, self._tick(advert)
        self._tell_state(advert, arrives=arrives)

    # --- what it says ---

    def _tick(self, advert: OlxAdvert) -> int:
        advert.last_told = max(self.site.now(), advert.last_told + 1)
        return advert.last_told

    def _snapshot(self, advert: OlxAdvert) -> dict[str, Any]:
        return {
            "recorded_at": to_text(self._tick(advert)),
            "code": advert.code,
            "visible_in_profile": advert.visible,
            "url": advert.url,
        }

    def _tell(self, advert: OlxAdvert, event_type: str, data: Mapping[str, Any], work: Work) -> None:
        self._say(
            advert, "publish_advert", event_type, work.transaction, data, arrives=event_type.endswith("image_error")
        )

    def _tell_state(self, advert: OlxAdvert, *, arrives: bool) -> None:
        if advert.code is not None:
            self._numbers += 1
            said = self._snapshot(advert)
            self._say(advert, "advert_lifecycle", "advert_state_changed", f"l-{self._numbers}", said, arrives=arrives)

    def _say(
        self, advert: OlxAdvert, flow: str, event_type: str, transaction: str, data: Mapping[str, Any], *, arrives: bool
    ) -> None:
        body = {
            "timestamp": self._tick(advert),
            "transaction_id": transaction,
            "object_id": advert.uuid,
            "flow": flow,
            "event_type": event_type,
            "data": data,
        }
        self.site.say(self.provider, advert.uuid, json.dumps(body), arrives)

    # --- questions ---

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Answer `GET …/meta`."""
        advert = self.adverts.get(question.publication.remote_id or "")
        if advert is None:
            return (read_nothing_at_olx(question, self.site.now()),) if question.publication.remote_id else ()
        state = {
            "code": advert.code,
            "visible_in_profile": "true" if advert.visible else "false",
            "url": advert.url,
            "modified_at": to_text(advert.modified_at)[:19].replace("T", " "),
        }
        meta = {
            "last_action_status": advert.action,
            "last_action_at": to_text(advert.action_at),
            "state": state if advert.code else None,
            "last_error": advert.error,
        }
        return (read_meta(question, meta, self.site.now()),)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Find the advert by the hub's key, unless it was deleted."""
        place = Place(classified.classified_id, channel)
        mine = [advert for advert in self._at[place] if advert.action != "DELETED"]
        return tuple(advert.uuid for advert in sorted(mine, key=lambda advert: advert.action_at, reverse=True)[:1])

    def verify(self, callback: Callback, received_at: int) -> Message:
        """Return the message to store; who sends it is not in question here."""
        raw = callback.body.decode()
        return Message(self.provider, str(json.loads(raw)["object_id"]), content_hash(raw), raw, received_at)

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """Read a message as the hub reads OLX's."""
        return self._receiver.interpret(message, channel)

    # --- the truth ---

    def live_on(self, place: Place, _portal: str) -> bool:
        """Whether buyers see an advert of this place."""
        return any(advert.live for advert in self._at[place])

    def adverts_on(self, place: Place, _portal: str) -> int:
        """Return how many adverts of this place stand there."""
        return sum(advert.exists for advert in self._at[place])

    def shows(self, place: Place, _portal: str) -> list[Any]:
        """Return the texts that buyers see."""
        return [advert.text for advert in self._at[place] if advert.live]


# --- AVIV ------------------------------------------------------------------------------------------------------------


@dataclass
class AvivClassified:
    """A classified at AVIV: what was last written, which portals show it, what was said of it."""

    remote_id: str
    place: Place
    body: dict[str, Any]
    revision: int = 1
    deleted: bool = False
    shown: dict[str, Any] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    busy_until: int = 0
    last_told: int = 0

    @property
    def portals(self) -> tuple[str, ...]:
        """The portals of the newest body."""
        return tuple(self.body["portals"])


class AvivPortal:
    """AVIV, with the hub's Publisher and Receiver for it."""

    provider = "aviv"
    policy: Policy = AVIV

    def __init__(self, site: Site) -> None:
        self.site = site
        self.classifieds: dict[str, AvivClassified] = {}
        self._at: dict[Place, list[AvivClassified]] = defaultdict(list)
        self._numbers = 0

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return a classified in the portal's form."""
        return render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """There is always an account."""

    # --- calls ---

    def works_on(self, place: Place) -> list[Work]:
        """Return what is in flight for a place."""
        return [work for one in self._at[place] for work in one.works]

    def add(self, classified: AvivClassified) -> None:
        """Take a classified in."""
        self.classifieds[classified.remote_id] = classified
        self._at[classified.place].append(classified)

    def count_from(self, number: int) -> None:
        """Give the next classified this number."""
        self._numbers = number - 1

    def adverts_of(self, classified_id: str) -> list[AvivClassified]:
        """Return what stands there of a classified."""
        return [one for one in self.classifieds.values() if one.place.classified_id == classified_id]

    def send(self, call: Call) -> tuple[Answer, Work | None]:
        """Do what a call asks, and answer it."""
        if call.operation is Operation.POST:
            return self._post(call)
        known = self.classifieds.get(call.remote_id or "")
        # What is being deleted is there until that has ended, for it may be refused yet: of a second DELETE AVIV makes nothing.
        if known is not None and known.deleted and known.works and call.operation is Operation.DELETE:
            return Answer(Result.ACCEPTED, known.remote_id), known.works[-1]
        if known is None or known.deleted:
            return Answer(Result.DONE if call.operation is Operation.DELETE else Result.MISSING), None
        if self.site.whim(REFUSED / 2):
            raise _refusal()
        if call.operation is Operation.DELETE:
            known.deleted = True
            return self._accept(known, call, known.body)
        body = call.rendering.for_portals(call.listed)
        if body == known.body and (known.works or set(known.shown) == set(known.portals)):
            # AVIV makes nothing of a PUT equal to what it has (§4.1). What a portal has taken down it takes again.
            return Answer(Result.ACCEPTED, known.remote_id), None
        return self._accept(known, call, body)

    def _post(self, call: Call) -> tuple[Answer, Work | None]:
        place = Place(call.classified.classified_id, call.channel)
        if any(not one.deleted for one in self._at[place]):
            return Answer(Result.EXISTS), None
        if self.site.whim(REFUSED / 2):
            raise _refusal()
        self._numbers += 1
        made = AvivClassified(f"aviv-{self._numbers}", place, call.rendering.for_portals(call.listed), revision=0)
        self.add(made)
        return self._accept(made, call, made.body)

    def _accept(self, known: AvivClassified, call: Call, body: dict[str, Any]) -> tuple[Answer, Work]:
        concerned = tuple(dict.fromkeys((*known.shown, *known.portals, *body["portals"])))
        known.body, known.revision = body, known.revision + 1
        revision = known.revision
        work = Work(call.operation, f"{known.remote_id}/{revision}", self.site.now())
        known.works.append(work)
        self._record(known, concerned, "RECEIVING", revision)
        # What AVIV does not tell within a quarter of an hour the hub takes from what AVIV shows (lifecycle §4): no later.
        wait = min(self.site.take_time(), 12 * MINUTE)
        # Writes of one classified take turns.
        known.busy_until = max(self.site.now() + wait, known.busy_until + SECOND if known.works[1:] else 0)
        if known.busy_until > self.site.now():
            self.site.at(known.busy_until, lambda: self._finish(known, work, concerned, body, revision))
        else:
            self._finish(known, work, concerned, body, revision)
        return Answer(Result.ACCEPTED, known.remote_id), work

    def _finish(
        self, known: AvivClassified, work: Work, concerned: tuple[str, ...], body: dict[str, Any], revision: int
    ) -> None:
        known.works.remove(work)
        work.over = True
        wanted = () if work.operation is Operation.DELETE else tuple(body["portals"])
        late = self.site.now() >= work.began_at + AVIV.operation_due
        # Of a deletion that shows nothing for so long nobody expects a refusal: the hub may have created anew by then.
        refused = self.site.whim(REFUSED) and not (late and work.operation is Operation.DELETE)
        media_error = not refused and self.site.whim(PICTURE_FAILS)
        for portal in concerned:
            if portal not in wanted:
                word = "DELETING_FAILED" if refused else "DELETED"
            else:
                kind = "UPDAT" if portal in known.shown else "CREAT"
                word = f"{kind}ING_FAILED" if refused else f"{kind}ED{'_WITH_MEDIA_ERROR' if media_error else ''}"
            if word == "DELETED":
                known.shown.pop(portal, None)
            elif not refused:
                known.shown[portal] = body["data"]["text"]
            media = media_error and portal in wanted
            # In time the hub asks by itself; an end that comes after it has made up its mind must be heard.
            self._record(known, (portal,), word, revision, media_error=media, arrives=late)
        if refused and work.operation is Operation.DELETE:
            known.deleted = False

    def _record(
        self,
        known: AvivClassified,
        portals: tuple[str, ...],
        word: str,
        revision: int,
        *,
        media_error: bool = False,
        arrives: bool = False,
    ) -> None:
        known.last_told = max(self.site.now(), known.last_told + 1)
        item: dict[str, Any] = {
            "portals": list(portals),
            "status": word,
            "statusDate": to_text(known.last_told),
            "revision": revision,
            "message": word.lower(),
        }
        if media_error:
            item["mediaStatuses"] = [{"url": "https://img.test/1.jpg", "status": "DOWNLOADING_FAILED"}]
        known.statuses.append(item)
        self.site.say(self.provider, known.remote_id, json.dumps(item), arrives)

    # --- what happens there by itself ---

    def act(self, number: int) -> str:
        """Let a portal take down one of the adverts; return what was done."""
        there = [
            (one, portal)
            for one in self.classifieds.values()
            for portal in one.shown
            if not one.deleted and not one.works
        ]
        if not there:
            return "nothing"
        one, portal = there[number % len(there)]
        one.shown.pop(portal)
        self._record(one, (portal,), "DELETED", one.revision, arrives=True)
        return f"{one.remote_id} {portal} removed"

    # --- questions ---

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Answer `GET …/statuses?filter=latest` and, where that decides nothing in time, `GET` of the classified."""
        remote_id, now = question.publication.remote_id, self.site.now()
        if remote_id is None:
            return ()
        known = self.classifieds.get(remote_id)
        if known is None:
            return read_nothing_at_aviv(question, now)
        newest = {portal: place for place, item in enumerate(known.statuses) for portal in item["portals"]}
        items = [known.statuses[place] for place in sorted(set(newest.values()))]
        events = read_statuses(items, remote_id, now)
        if not question.overdue or not is_undecided(question.publication, events):
            return events
        if known.deleted:
            return (*events, *read_nothing_at_aviv(question, now))
        reply = Reply(200, {"etag": f'"{known.revision}"'}, json.dumps(known.body).encode())
        return (*events, *read_shown(question, reply, events, now))

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Find the classified by the CRM's key."""
        place = Place(classified.classified_id, channel)
        return tuple(one.remote_id for one in self._at[place] if not one.deleted)[:1]

    def verify(self, callback: Callback, received_at: int) -> Message:
        """Return the message to store."""
        raw = callback.body.decode()
        return Message(self.provider, callback.path, content_hash(raw), raw, received_at)

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """AVIV's callbacks are hints: nobody reads them."""
        raise AssertionError("a hint was believed")

    # --- the truth ---

    def live_on(self, place: Place, portal: str) -> bool:
        """Whether a portal shows this place."""
        return self.adverts_on(place, portal) > 0

    def adverts_on(self, place: Place, portal: str) -> int:
        """Return how many adverts of this place a portal shows."""
        return sum(portal in one.shown for one in self._at[place])

    def shows(self, place: Place, portal: str) -> list[Any]:
        """Return the texts that buyers see."""
        return [one.shown[portal] for one in self._at[place] if portal in one.shown]
