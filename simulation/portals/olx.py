"""OLX, at the Publisher's and the Receiver's port."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.answers import Answer, Result
from placard.domain.classified import Classified
from placard.domain.events import Operation, PortalEvent
from placard.domain.hashes import content_hash
from placard.domain.instants import HOUR, MINUTE, to_text
from placard.domain.policy import Policy, Rendering
from placard.domain.told import Place
from placard.portals.olx.manifest import POLICY as OLX
from placard.portals.olx.meta import read_listed, read_meta
from placard.portals.olx.meta import read_nothing as read_nothing_at_olx
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Call, Callback, ListedAdvert, ListedPage, Message, Question
from simulation.portals.site import PICTURE_FAILS, REFUSED, Site, Work, refuse, render

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
# How often the result of a request is told once more, in a message of its own, when another request may be under way.
REPEATED = 0.1


@dataclass
class OlxAdvert:
    """An advert at OLX. Instants in ms."""

    uuid: str
    customer: str
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
    def deleted(self) -> bool:
        """Whether a list shows it as gone: deleted, or refused to be deleted once more."""
        return self.action == "DELETED" or (self.action == "NOT_DELETED" and not self.exists)

    @property
    def live(self) -> bool:
        """Whether buyers see it."""
        return self.code == "active"

    @property
    def meta(self) -> dict[str, Any]:
        """What OLX says of it when it is asked."""
        state = {
            "code": self.code,
            "visible_in_profile": "true" if self.visible else "false",
            "url": self.url,
            "modified_at": to_text(self.modified_at)[:19].replace("T", " "),
        }
        return {
            "last_action_status": self.action,
            "last_action_at": to_text(self.action_at),
            "state": state if self.code else None,
            "last_error": self.error,
        }

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
            made = OlxAdvert(f"olx-{self._numbers}", call.classified.customer, place, key)
            answer = self._begin(made, call)
            self.add(made)  # of a body that was refused at once there is no record
            return answer
        if twin.work is None and twin.exists:
            return Answer(Result.EXISTS), None
        return self._begin(twin, call)

    def _begin(self, advert: OlxAdvert, call: Call) -> tuple[Answer, Work | None]:
        if advert.work is not None:
            return Answer(Result.BUSY), None
        if self.site.whim(REFUSED / 2):
            raise refuse()
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
        if what in ("removed", "paused"):
            self.site.taken_down.add(advert.place)
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
        if flow == "publish_advert" and self.site.whim(REPEATED):
            again = json.dumps(body | {"timestamp": self._tick(advert)})
            later = self.site.now() + self.site.take_time() + self.site.take_time()
            self.site.at(later, lambda: self.site.say(self.provider, advert.uuid, again, False))

    # --- questions ---

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Answer `GET …/meta`."""
        advert = self.adverts.get(question.publication.remote_id or "")
        if advert is None:
            return (read_nothing_at_olx(question, self.site.now()),) if question.publication.remote_id else ()
        return (read_meta(question, advert.meta, self.site.now()),)

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        """Answer `GET /meta`, two adverts at a time."""
        mine = [advert for advert in self.adverts.values() if advert.customer == customer]
        start = int(after or 0)
        page = tuple(ListedAdvert(one.uuid, read_listed(one.meta, channel)) for one in mine[start : start + 2])
        return ListedPage(page, str(start + 2) if len(mine) > start + 2 else None)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Find the advert by the hub's key, unless it was deleted."""
        place = Place(classified.classified_id, channel)
        mine = [advert for advert in self._at[place] if not advert.deleted]
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
