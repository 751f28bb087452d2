"""Every case that section 3 of the contract lets a receiver meet, one row each, and what to do where it is not met."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from certify.caller import Caller, Change, Message, Seen
from certify.entries import OTHER_PORTAL, PORTAL, Timeline, problems_of
from placard.domain.channels import CHANNEL_OF, PORTALS
from placard.domain.events import AdvertState, Picture
from placard.domain.instants import MINUTE
from placard.domain.lifecycle import Word
from placard.domain.publication import Entry
from placard.ports import Delivery
from placard.use_cases.notify_crm import write_callback

LARGE = 256 * 1024  # bytes; a classified has no more, and its media are what an entry grows by
OLD = 6 * MINUTE  # beyond the five minutes within which Standard Webhooks' verifiers believe a timestamp
LATE = 4 * MINUTE
ROUNDS = 3
# What may be expected of an answer.
TAKEN, REFUSED = "2xx", "4xx"


@dataclass(frozen=True, slots=True)
class Try:
    """One callback of a case: what was expected of it, and what came."""

    what: str
    expected: str
    seen: Seen

    @property
    def met(self) -> bool:
        """Whether it came as expected. An error of the receiver's own refuses nothing on purpose."""
        if self.expected == TAKEN:
            return self.seen.taken
        return self.seen.status is not None and 400 <= self.seen.status < 500


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs: the receiver's own secret, one of before its rotation, and one that it never had."""

    current: str
    former: str
    foreign: str


@dataclass
class Player:
    """Plays callbacks to one receiver."""

    url: str
    secrets: Secrets
    caller: Caller
    timeline: Timeline
    clock: Callable[[], int]

    def write(self, entry: Entry, **members: Any) -> Delivery:
        """The hub's own callback, signed by the present secret; `members` are added to its body."""
        made = write_callback(entry, self.url, self.timeline.listing.offerer_estate_id, (self.secrets.current,))
        if not members:
            return made
        body = json.loads(made.body) | members
        return replace(made, body=json.dumps(body, ensure_ascii=False).encode())

    def take(self, what: str, delivery: Delivery, ago: int = 0, **how: Any) -> Try:
        """Play one that must be accepted, signed `ago` ms before now."""
        return Try(what, TAKEN, self.caller.send(delivery, self.clock() - ago, **how))

    def refuse(self, what: str, delivery: Delivery, change: Change | None = None, ago: int = 0) -> Try:
        """Play one that must not be believed."""
        return Try(what, REFUSED, self.caller.send(delivery, self.clock() - ago, change))


Play = Callable[[Player], Iterator[Try]]


@dataclass(frozen=True, slots=True)
class Case:
    """One row: `todo` is the step that mends it."""

    group: str
    name: str
    play: Play
    todo: str


# --- what is told -----------------------------------------------------------------------------------------------------


def tell_plainly(player: Player) -> Iterator[Try]:
    """The commonest of all."""
    yield player.take("CREATED, live", player.write(player.timeline.tell(Word.CREATED)))


def tell_word(word: Word, player: Player) -> Iterator[Try]:
    """A word beside each state: what an advert is, is a fact of its own, and any of them may stand beside any word."""
    for state in AdvertState:
        yield player.take(f"{word}, advert {state}", player.write(player.timeline.tell(word, state)))


def tell_portals(player: Player) -> Iterator[Try]:
    """Each portal, and several that say the same."""
    for portal in PORTALS:
        yield player.take(portal, player.write(player.timeline.tell(Word.UPDATED, portals=(portal,))))
    together = tuple(portal for portal in PORTALS if CHANNEL_OF[portal] == "aviv")
    yield player.take(" ".join(together), player.write(player.timeline.tell(Word.UPDATED, portals=together)))


def tell_problems(actor: str, player: Player) -> Iterator[Try]:
    """Each problem that one of the four must mend."""
    for problem in problems_of(actor):
        entry = player.timeline.tell(Word.UPDATING_FAILED, problems=(problem,), details="portal's own code 4711")
        yield player.take(problem.code, player.write(entry))


def tell_several_problems(player: Player) -> Iterator[Try]:
    """More than one reason: `problem` is the first of `problems`."""
    entry = player.timeline.tell(Word.CREATING_FAILED, AdvertState.ABSENT, problems=tuple(problems_of("agency")))
    yield player.take("problems", player.write(entry))


def tell_media(player: Player) -> Iterator[Try]:
    """Pictures while the operation runs, and after its end."""
    pictures = tuple(
        Picture(f"https://media.example/{number}.jpg", status)
        for number, status in enumerate(("CREATED", "CREATING", "CREATING_FAILED"), 1)
    )
    for word in (Word.CREATING, Word.CREATED_WITH_MEDIA_ERROR):
        entry = player.timeline.tell(word, AdvertState.PENDING, pictures=pictures)
        yield player.take(f"{word} with mediaStatuses", player.write(entry))


def tell_normalised(player: Player) -> Iterator[Try]:
    """What was changed to fit the portal."""
    change = {"field": "/data/texts/headline", "from": "A home with a view of the sea", "to": "A home with a view"}
    yield player.take("normalised", player.write(player.timeline.tell(Word.CREATED, normalised=(change,))))


def tell_accents(player: Player) -> Iterator[Try]:
    """Texts are UTF-8, and not escaped."""
    entry = player.timeline.tell(Word.UPDATED, message="Publié à Târgu Mureș — 3 pièces, 82 m² 🏡 “été”")
    yield player.take("accents, quotes and an emoji", player.write(entry))


def tell_unknown_members(player: Player) -> Iterator[Try]:
    """The hub may add members; nobody is told before."""
    entry = player.timeline.tell(Word.CREATED)
    known = json.loads(player.write(entry).body)
    added: dict[str, Any] = {"addedLater": {"by": ["a", "later", "release"]}, "alsoAdded": None}
    yield player.take("a new member of the entry", player.write(entry, **added))
    inside = player.timeline.tell(Word.UPDATED)
    advert = {"advert": known["advert"] | {"addedLater": 1.5}}
    yield player.take("a new member of `advert`", player.write(inside, **advert))


def tell_much(player: Player) -> Iterator[Try]:
    """An entry as long as a classified may be."""
    one = Picture("https://media.example/" + "x" * 200 + "/{}.jpg", "CREATING_FAILED")
    pictures = tuple(replace(one, url=one.url.format(number)) for number in range(LARGE // 270))
    entry = player.timeline.tell(Word.CREATED_WITH_MEDIA_ERROR, pictures=pictures)
    delivery = player.write(entry)
    yield player.take(f"{len(delivery.body) // 1024} KiB", delivery)


# --- how it is told ---------------------------------------------------------------------------------------------------


def tell_twice(player: Player) -> Iterator[Try]:
    """The hub did not learn of the first answer: the same `webhook-id` comes again, signed anew."""
    delivery = player.write(player.timeline.tell(Word.CREATED))
    yield player.take("first", delivery, ago=LATE)
    yield player.take("again, signed anew", delivery)
    yield player.take("and again at once", delivery)


def tell_older_after_newer(player: Player) -> Iterator[Try]:
    """A replay, or a try that came late."""
    older, newer = (player.write(player.timeline.tell(word)) for word in (Word.CREATED, Word.UPDATED))
    yield player.take("the newer entry", newer)
    yield player.take("then the older one", older)


def tell_late(player: Player) -> Iterator[Try]:
    """A timestamp within the five minutes."""
    yield player.take(
        f"signed {LATE // MINUTE} minutes ago", player.write(player.timeline.tell(Word.UPDATED)), ago=LATE
    )


def tell_at_once(player: Player) -> Iterator[Try]:
    """Two channels keep no order between them; and a try may be on its way when the next one starts."""
    pair = [player.write(player.timeline.tell(Word.UPDATED, portals=(portal,))) for portal in (PORTAL, OTHER_PORTAL)]
    yield from send_together(player, "two portals at once", pair)
    same = player.write(player.timeline.tell(Word.UPDATED))
    yield from send_together(player, "the same entry twice at once", [same, same])


def send_together(player: Player, what: str, deliveries: list[Delivery]) -> Iterator[Try]:
    """Play several at the same time."""
    with ThreadPoolExecutor(len(deliveries)) as pool:
        yield from pool.map(partial(player.take, what), deliveries)


def keep_open(player: Player) -> Iterator[Try]:
    """The hub closes after each, and says so; a proxy on the way may keep its connection to the receiver."""
    with player.caller.open() as kept:
        for number in range(1, ROUNDS + 1):
            delivery = player.write(player.timeline.tell(Word.UPDATED))
            yield player.take(f"callback {number} of {ROUNDS} over one connection", delivery, kept=kept)


# --- who tells it -----------------------------------------------------------------------------------------------------


def rotate(player: Player) -> Iterator[Try]:
    """For 24 hours both secrets sign; a receiver knows the one or the other."""
    secrets = player.secrets
    for what, pair in (
        ("yours first", (secrets.current, secrets.former)),
        ("yours second", (secrets.foreign, secrets.current)),
    ):
        delivery = replace(player.write(player.timeline.tell(Word.UPDATED)), secrets=pair)
        yield player.take(f"two signatures, {what}", delivery)


def sign_by(name: str, player: Player) -> Iterator[Try]:
    """Signed, but by another secret than the receiver's."""
    secret = getattr(player.secrets, name)
    yield player.refuse(
        f"the {name} secret alone", replace(player.write(player.timeline.tell(Word.DELETED)), secrets=(secret,))
    )


def age(player: Player) -> Iterator[Try]:
    """Somebody kept a callback, and plays it again."""
    yield player.refuse(
        f"signed {OLD // MINUTE} minutes ago", player.write(player.timeline.tell(Word.DELETED)), ago=OLD
    )


def tamper(what: str, change: Change, player: Player) -> Iterator[Try]:
    """Signed well, and changed on its way."""
    yield player.refuse(what, player.write(player.timeline.tell(Word.DELETED)), change)


def change_body(message: Message) -> None:
    """Another word, of as many bytes."""
    message.body = message.body.replace(b'"DELETED"', b'"CREATED"')


def drop(header: str, message: Message) -> None:
    """Leave a header out."""
    del message.headers[header]


def put(header: str, value: str, message: Message) -> None:
    """Put another value in a header's place."""
    message.headers[header] = value


def postdate(message: Message) -> None:
    """A timestamp of a moment later than the one that was signed."""
    message.headers["webhook-timestamp"] = str(int(message.headers["webhook-timestamp"]) + 1)


def other_version(message: Message) -> None:
    """The right signature by the name of a version that is none."""
    message.headers["webhook-signature"] = message.headers["webhook-signature"].replace("v1,", "v9,")


HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
NO_SIGNATURE = f"v1,{base64.b64encode(bytes(32)).decode()}"
ANY = "Accept every entry with a 2xx, whatever it says, and judge it afterwards: what is not accepted holds its listing back."
VERIFY = (
    "Verify every callback with a library of Standard Webhooks before you read its body, and answer 401 where it fails."
)
VERIFY_NOW = f"{VERIFY} Forget a former secret after 24 hours."
IDEMPOTENT = "Keep the `webhook-id`s you have taken, and answer 2xx to one that you know without acting again."
ORDER = (
    "Keep the entry with the newest `creationDate` for each classified and channel, and accept older ones with a 2xx."
)

CASES: tuple[Case, ...] = (
    Case("Address", "a callback is accepted", tell_plainly, "Make this one work first: all others build on it."),
    *(Case("Statuses", f"{word}, every state of an advert", partial(tell_word, word), ANY) for word in Word),
    Case("Content", "each portal, and several in one entry", tell_portals, ANY),
    *(
        Case("Content", f"problems that the {actor} must mend", partial(tell_problems, actor), ANY)
        for actor in ("agency", "crm", "portal", "hub")
    ),
    Case("Content", "several problems at once", tell_several_problems, ANY),
    Case("Content", "pictures that were refused", tell_media, ANY),
    Case("Content", "values that were changed to fit the portal", tell_normalised, ANY),
    Case("Content", "accents and signs", tell_accents, "Read the body as UTF-8, and verify its bytes, not a text of yours."),
    Case("Content", "members of a later release", tell_unknown_members, "Ignore members that you do not know."),
    Case("Content", "a large body", tell_much, "Take bodies of 512 KiB; proxies and frameworks often stop earlier."),
    Case("Delivery", "the same entry again", tell_twice, IDEMPOTENT),
    Case("Delivery", "an older entry after a newer one", tell_older_after_newer, ORDER),
    Case("Delivery", "a callback that was minutes on its way", tell_late, "Believe timestamps of up to five minutes ago."),
    Case("Delivery", "two at once", tell_at_once, "Let two callbacks run side by side; lock by classified and channel."),
    Case("Delivery", "one connection kept open", keep_open, "Read each body to its end and send a Content-Length."),
    Case("Signature", "two signatures while a secret is rotated", rotate, "Believe a callback when any one signature is right."),
    Case("Signature", "signed by a secret that is over", partial(sign_by, "former"), VERIFY_NOW),
    Case("Signature", "signed by a secret of somebody else's", partial(sign_by, "foreign"), VERIFY),
    *(
        Case("Signature", f"without {header}", partial(tamper, f"no {header}", partial(drop, header)), VERIFY)
        for header in HEADERS
    ),
    Case("Signature", "a signature of nothing", partial(tamper, "zeros", partial(put, HEADERS[2], NO_SIGNATURE)), VERIFY),
    Case("Signature", "a signature that is no base64", partial(tamper, "v1,a", partial(put, HEADERS[2], "v1,a")), VERIFY),
    Case("Signature", "a signature of another version", partial(tamper, "v9,…", other_version), VERIFY),
    Case("Signature", "a body changed on its way", partial(tamper, "another status", change_body), VERIFY),
    Case("Signature", "an id changed on its way", partial(tamper, "another id", partial(put, HEADERS[0], "other")), VERIFY),
    Case("Signature", "a time changed on its way", partial(tamper, "a second later", postdate), VERIFY),
    Case("Signature", "a timestamp older than five minutes", age, f"{VERIFY} Its check of the time must stay on."),
)  # fmt: skip
