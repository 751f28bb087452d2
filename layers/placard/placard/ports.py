"""What the use cases need of the world: everything that can fail, or differ between two runs, is behind one of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from placard.domain.messages import Callback, Message, Secret

# Annotations alone: a receiver imports this module, and the core behind it would be half of its cold start.
if TYPE_CHECKING:
    from placard.domain.answers import Answer
    from placard.domain.breaker import Circuit
    from placard.domain.budget import Rate
    from placard.domain.classified import Classified, Kind
    from placard.domain.events import Advert, Operation, PortalEvent
    from placard.domain.health import Health, PublicationHealth
    from placard.domain.lifecycle import Outcome
    from placard.domain.listing_process import ListingProcess
    from placard.domain.policy import Policy, Rendering
    from placard.domain.publication import Entry, Publication, Rank
    from placard.domain.subscription import Subscription, Walk
    from placard.domain.sweep import Sweep
    from placard.domain.told import Place, Told

Item = TypeVar("Item")

# --- time, chance ----------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""

    def draw(self) -> float:
        """Return a number in [0, 1)."""

    def new_id(self) -> str:
        """Return an id nobody has drawn before."""

    def new_secret(self) -> bytes:
        """Return 32 bytes nobody can guess."""

    def wait_until(self, instant: int) -> None:
        """Let time pass until then (ms); a rate limit is kept so, nothing else."""


# --- storage ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Revision:
    """What a call of the CRM asks for; the store gives it its number.

    POST and PUT carry a body and its portals; DELETE carries neither; DEACTIVATE, ACTIVATE, RETRY and CANCEL carry the portals
    they name, CANCEL also those that are `left`.
    """

    classified_id: str
    customer: str
    kind: Kind
    accepted_at: int
    offerer_estate_id: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    body_hash: str = ""
    portals: tuple[str, ...] = ()
    traceparent: str | None = None
    idempotency_key: str | None = None
    if_match: tuple[int, ...] | None = None
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What one conditional write found: the classified as it is now, and whether this write made it so."""

    accepted: bool
    classified: Classified | None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of rows; `after` asks for the next one, None on the last."""

    rows: tuple[Item, ...]
    after: str | None = None


class RevisionStore(Protocol):
    """What making a revision needs. Raises StoreUnavailableError when storage does not answer."""

    def write(self, revision: Revision) -> Written:
        """Make the next revision in one conditional write, or return what stands against it."""

    def load(self, classified_id: str) -> tuple[Classified | None, tuple[Publication, ...]]:
        """Return a classified and its publications, in one consistent read."""


class ClassifiedStore(RevisionStore, Protocol):
    """Classifieds, as the API reads and writes them."""

    def load_classifieds(self, classified_ids: Sequence[str]) -> Mapping[str, Classified]:
        """Return at most 100 classifieds by their ids, those that exist, in one consistent read."""

    def list_classifieds(self, customer: str, limit: int, after: str | None) -> Page[Classified]:
        """Return a customer's classifieds that are not deleted, the newest change first."""

    def list_publications(
        self, customer: str, health: Health | None, limit: int, after: str | None
    ) -> Page[PublicationHealth]:
        """Return how a customer's publications fare, the worst first and the newest change first among equals.

        With `health` those of that word alone. A page may end before its limit. The index may be stale.
        """

    def list_entries(self, classified_id: str, limit: int, after: str | None) -> Page[Entry]:
        """Return the timeline of a classified, the newest entry first."""

    def walk_entries(self, customer: str, after: Rank | None, until: int, at_once: int) -> Iterator[Entry]:
        """Return a customer's entries behind a place, those created until then (ms) and not expired, in order of their places.

        They are read as somebody asks for more, about as many `at_once`. The index may be stale: an entry may be missing
        for some seconds after its creation.
        """


@dataclass(frozen=True, slots=True)
class Link:
    """Which classified, channel and customer a remote advert is, and since when (ms)."""

    provider: str
    remote_id: str
    classified_id: str
    channel: str
    customer: str
    since: int


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction: a publication at the version read, the entries that explain it, the LINK learned, the message folded."""

    publication: Publication
    entries: tuple[Entry, ...] = ()
    link: Link | None = None
    message: Message | None = None
    outcome: Outcome | str | None = None


class MessageStore(Protocol):
    """The portals' messages."""

    def put_message(self, message: Message, due: int | None) -> bool:
        """Store a message, once. False: it was there already."""

    def messages_of(self, provider: str, remote_id: str) -> tuple[Message, ...]:
        """Return the messages about a remote advert that are not folded yet, read consistently, oldest first."""

    def message_of(self, provider: str, remote_id: str, digest: str) -> Message | None:
        """Return one message, read consistently."""

    def mark_message(self, message: Message, outcome: str | None, due: int | None) -> None:
        """Note what became of a message that changes no publication; without an outcome it waits until `due` (ms)."""


class PublicationStore(MessageStore, Protocol):
    """Publications, and the portals' messages about them."""

    def load(self, classified_id: str) -> tuple[Classified | None, tuple[Publication, ...]]:
        """Return a classified and its publications, in one consistent read."""

    def load_publication(self, classified_id: str, channel: str) -> Publication | None:
        """Return one publication, read consistently."""

    def save(self, change: Change) -> Publication:
        """Store a change and return the publication at its new version; TransitionConflictError if another was first."""

    def write_link(self, link: Link) -> None:
        """Store a LINK alone; the same LINK again changes nothing."""

    def link_of(self, provider: str, remote_id: str) -> Link | None:
        """Return the LINK of a remote advert, read consistently."""


class ProcessStore(Protocol):
    """The copies of listing processes, and how far their sweeps are."""

    def load(self, customer: str, process_id: int) -> ListingProcess | None:
        """Return one process, read consistently."""

    def load_all(self, customer: str) -> tuple[ListingProcess, ...]:
        """Return every process of a customer in the order of their ids, read consistently."""

    def save(self, process: ListingProcess) -> ListingProcess:
        """Store a process and return it at its new version; TransitionConflictError if another was first."""

    def cancel(self, process: ListingProcess, revision: Revision) -> ListingProcess:
        """Store a process together with the revision of its classified, both or none; TransitionConflictError."""

    def linked(self, provider: str, remote_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these remote adverts, at most 100, that are the hub's. What was just linked may be missing."""

    def load_sweep(self, customer: str) -> Sweep | None:
        """Return where the sweeps of an account stand, read consistently."""

    def save_sweep(self, sweep: Sweep) -> Sweep:
        """Store that and return it at its new version; TransitionConflictError if another was first."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a night's comparison is: `night` is its day since the epoch, `after` the name of the account taken up last."""

    night: int
    after: str = ""
    done: bool = False


class ProgressStore(Protocol):
    """Where the nightly comparison goes on."""

    def load_progress(self) -> Progress | None:
        """Return how far the last one came, read consistently."""

    def save_progress(self, progress: Progress) -> None:
        """Note how far it is; two rounds at once compare an account twice, which harms nobody."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something whose time has come. `kind` is the item's kind; `customer` is empty where the item names nobody."""

    pk: str
    sk: str
    kind: str
    due: int
    customer: str = ""


class DueStore(Protocol):
    """The due index: every wait of the protocol is in it."""

    def past_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """Return what is past its due time, oldest first. The index may be stale."""

    def move(self, due: Due, until: int) -> bool:
        """Move a due time on, unless somebody has moved it already; False then."""

    def clear(self, due: Due) -> None:
        """Remove a due time, unless somebody has moved it."""


@dataclass(frozen=True, slots=True)
class ClassifiedChanged:
    """A classified before and after a write: the portals that either image has ever named."""

    classified_id: str
    customer: str
    portals: frozenset[str]


@dataclass(frozen=True, slots=True)
class PublicationChanged:
    """A publication whose `look` mark says that something is left to decide; `retry_at` (ms) where it must wait first."""

    classified_id: str
    customer: str
    channel: str
    retry_at: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessChanged:
    """A listing process whose `look` mark says that something is left to push; `retry_at` (ms) where it must wait first."""

    customer: str
    process_id: int
    provider: str
    retry_at: int | None = None


@dataclass(frozen=True, slots=True)
class TellingChanged:
    """Something to be told: a new entry, or a telling that goes on at `retry_at` (ms). Without a place: the subscription."""

    customer: str
    place: Place | None = None
    retry_at: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What telling one publication needs, in one consistent read: None where there is no such item."""

    subscription: Subscription | None
    told: Told | None
    offerer_estate_id: str = ""


class SubscriptionStore(Protocol):
    """The customers' subscriptions."""

    def load_subscription(self, customer: str) -> Subscription | None:
        """Return a customer's subscription, read consistently."""

    def save_subscription(self, subscription: Subscription) -> Subscription:
        """Store it at the next version; TransitionConflictError if another was first."""

    def delete_subscription(self, customer: str) -> None:
        """End a customer's subscription, whatever its version; there may be none."""


class ToldStore(SubscriptionStore, Protocol):
    """How far the customers have been told, and what there is to tell."""

    def view(self, place: Place, customer: str) -> View:
        """Return what telling a publication needs, read consistently."""

    def take(self, place: Place, lease: str, until: int, now: int) -> Told | None:
        """Take the lease on telling a publication; None while somebody else holds it, or where nothing ever was to tell."""

    def knock(self, place: Place, now: int) -> bool:
        """Tell the holder of the lease that there is more to see; False where nobody holds it any more."""

    def keep(self, told: Told) -> Told:
        """Note how far it has come, under the lease; TransitionConflictError where the lease is another's."""

    def release(self, told: Told) -> bool:
        """Note how far it has come and let the lease go; False, with the lease kept, where somebody knocked meanwhile.

        Raises TransitionConflictError where the lease is another's.
        """

    def rest(self, told: Told) -> None:
        """Remove the due time of what nobody wants to be told, unless something new came up."""

    def expect(self, place: Place, due: int) -> None:
        """Make a telling due that is at rest; one that is due already stays so, and what never had anything to tell is none."""

    def entries_after(self, place: Place, instant: int, limit: int) -> tuple[Entry, ...]:
        """Return a publication's entries created after an instant (ms), oldest first, read consistently."""

    def places_of(self, customer: str, walk: Walk, limit: int) -> tuple[frozenset[Place], Walk | None]:
        """Return publications with entries since the walk's beginning, and where to go on, None after the last of them.

        The index may be stale.
        """


# --- queues ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Look again at this publication. It never says what to do."""

    provider: str
    classified_id: str
    channel: str
    customer: str
    delay: int = 0


@dataclass(frozen=True, slots=True)
class ProcessWakeUp:
    """Look again at this listing process."""

    provider: str
    customer: str
    process_id: int
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Telling:
    """Look whether there is something to tell about this publication; without a place, look at the subscription itself."""

    customer: str
    place: Place | None = None
    delay: int = 0


class WakeUps(Protocol):
    """The queues. Sends are idempotent: a wake-up too many is a look too many. Delays are in seconds."""

    def send(self, wake_ups: Sequence[WakeUp | ProcessWakeUp]) -> None:
        """Send wake-ups, each to its provider's queue; raises when any was not taken."""

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Send tellings, a customer's as one group; raises when any was not taken."""

    def retry_messages(self, messages: Iterable[tuple[str, str, str]]) -> None:
        """Send keys of messages (provider, remote id, digest) to be folded again."""

    def count_waiting(self, provider: str) -> int:
        """Return about how many wake-ups wait in a provider's queue, without those hidden or in flight."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a function could not handle, as its dead-letter queue holds it.

    `queue` is that queue's logical name, `sent_at` when the message was first sent (ms), `received` how often it was taken
    up since. `reasons` are what was noted on it. `handle` lets the queue know it again; `group` is its customer's.
    """

    queue: str
    message_id: str
    body: str
    sent_at: int
    received: int
    handle: str
    group: str | None = None
    reasons: tuple[str, ...] = ()


class DeadLetters(Protocol):
    """The dead-letter queues. What is taken from one comes back by itself, should whoever took it die."""

    def queues(self) -> tuple[str, ...]:
        """Return their logical names."""

    def returns(self, queue: str) -> bool:
        """Whether its messages have a queue they came from."""

    def take(self, queue: str) -> Iterator[DeadLetter]:
        """Return all its messages, hidden from others for a while."""

    def send_back(self, letters: Sequence[DeadLetter]) -> None:
        """Send messages of one queue, at most 10, to where they came from, and only then delete them."""

    def put_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let others see messages again at once."""


# --- secrets ---------------------------------------------------------------------------------------------------------


class Credentials(Protocol):
    """The vault (design §3). Names are paths such as `olx/app` or `aviv/token/<customer>`."""

    def read(self, name: str, *, fresh: bool = False) -> Secret | None:
        """Return a secret, from a short cache unless `fresh`."""

    def write(self, name: str, value: Mapping[str, Any], version: int) -> bool:
        """Store a secret if it still has this version; False if somebody was first."""

    def lease(self, name: str, until: int, now: int) -> bool:
        """Take the one lease on a name until then (ms); False while somebody else holds it."""

    def list_names(self, prefix: str) -> tuple[str, ...]:
        """Return the names of all secrets that begin so, sorted. Reads the whole vault: not for a caller who waits."""


# --- budgets ---------------------------------------------------------------------------------------------------------


class Budget(Protocol):
    """How often portals are called, shared by all instances."""

    def take(self, name: str, rate: Rate, now: int, *, customer: str = "", owed: bool = False) -> int:
        """Pay for one call and return 0, or return the milliseconds to wait where the budget is spent.

        Budgets have names of their own, such as `olx`. A budget that customers share is told whose call it is, and no
        customer's many calls delay another's few. A call that is `owed` is made in any case: the next ones wait longer.
        """


class CircuitStore(Protocol):
    """The circuit breakers of the portals' accounts, shared by all instances."""

    def load(self, provider: str, account: str) -> Circuit:
        """Return an account's circuit, a closed one where nothing is stored. What was just written may be missing."""

    def save(self, provider: str, account: str, circuit: Circuit) -> Circuit:
        """Store a circuit and return it at its new version; TransitionConflictError if another was first."""


# --- portals ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One operation to send. `remote_id` is None for a POST; `listed` are the portals the advert keeps.

    `remote_revision` is the newest of the portal's own revisions of the advert that the hub has seen, 0 where it has seen none.
    """

    operation: Operation
    channel: str
    classified: Classified
    rendering: Rendering
    listed: tuple[str, ...]
    remote_id: str | None
    traceparent: str | None = None
    remote_revision: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """How does this advert stand? `overdue`: an operation is past its time, so ask whatever can decide it."""

    publication: Publication
    classified: Classified
    rendering: Rendering
    overdue: bool = False


class Renderer(Protocol):
    """What a provider's folder knows of a classified without a call: also that of a classified nobody has stored."""

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return the classified in the portal's form. Pure."""

    def check_account(self, classified: Classified, channel: str) -> None:
        """Raise CredentialsError where no account is there to publish it with; reads one secret at most."""


class Publisher(Renderer, Protocol):
    """What a provider's folder does at its portal. Every method may raise the PortalError tree; none sleeps or loops."""

    def send(self, call: Call) -> Answer:
        """Send one operation. StoreUnavailableError only while the portal has not taken it."""

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Ask the portal how the advert stands."""

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the advert of this classified; return the remote ids of those that may be it, the likeliest first.

        A portal that knows our own key has one at most. Elsewhere some may belong to another classified: the caller knows.
        """


@dataclass(frozen=True, slots=True)
class ListedAdvert:
    """One advert in a portal's list; `advert` is None where the list tells no more than that it is there."""

    remote_id: str
    advert: Advert | None = None


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A page of a portal's list; `after` asks for the next one, None on the last."""

    adverts: tuple[ListedAdvert, ...]
    after: str | None = None


class Lister(Protocol):
    """What a provider's folder lists of a customer's adverts. May raise the PortalError tree; each page waits for its turn."""

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        """Return one page of all adverts that the customer's accounts on a channel have."""


class Consents(Protocol):
    """What a provider's folder knows of a consent that a person gives on the portal's own page."""

    def address(self, channel: str, state: str) -> str:
        """Return that page's address; `state` comes back with the code, untouched."""

    def trade(self, customer: str, channel: str, account: str, code: str) -> None:
        """Trade the code for what calls are made with, and keep it. May raise the PortalError tree."""


class Receiver(Protocol):
    """What a provider's folder makes of callbacks."""

    def verify(self, callback: Callback, received_at: int) -> Message:
        """Check the proof over the untouched bytes and return the message to store.

        Raises WebhookRejectedError without a valid proof, MalformedMessageError when it cannot be read.
        """

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """Return what a stored message says, None where it is not about an advert. Never raises for what it says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One listing process as Spotahome lists it (seed 004).

    Optional members are None where it says nothing; `published` is of the property, None where not asked or not known;
    `raw` keeps what else it said.
    """

    process_id: int
    state: str
    locator: str | None = None
    account_id: str | None = None
    property_id: str | None = None
    agent_id: str | None = None
    published: bool | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of a sweep. `last` is the last page's number as the portal says, None where it does not."""

    rows: tuple[Row, ...]
    page: int
    last: int | None


class Poller(Protocol):
    """What a provider's folder reads for a portal that never calls. Every method may raise the PortalError tree."""

    def page(self, customer: str, page: int, state: str | None = None) -> Sheet:
        """Return one page of the customer's listing processes, the first is 1; `state` keeps those of one state."""

    def published(self, customer: str, property_ids: Sequence[str]) -> Mapping[str, bool]:
        """Return which of these properties the public can see. One that the portal does not list is left out."""

    def cancel(self, customer: str, process_id: int, traceparent: str | None = None) -> None:
        """Cancel a listing process; one that is not there is cancelled.

        Raises PortalRejectedError with `status_code` 409 where its state forbids that.
        """

    def assign(self, customer: str, process_id: int, agent_id: str | None, traceparent: str | None = None) -> None:
        """Give a listing process to an agent, or take it away from any with None."""

    def interpret(self, row: Row, process_known: str | None, observed_at: int) -> PortalEvent:
        """Return what a row says of its property (lifecycle §6), observed then (ms). Pure; never raises for what it says.

        `process_known` is the state in which the hub knew the process before, None for a new one.
        """


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's parts; `receiver` is None for a portal that never calls, `poller` for one that does."""

    policy: Policy
    publisher: Publisher
    receiver: Receiver | None = None
    poller: Poller | None = None


# --- callbacks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback to a CRM. `body` is the JSON text to be signed and sent; `secrets` the valid ones, the newest first."""

    url: str
    webhook_id: str
    body: bytes
    secrets: tuple[str, ...]
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of it: the HTTP status, None where there was no answer; `retry_after` in ms.

    `reason` is for the log, in our words: an answer's body may quote what it was sent.
    """

    status: int | None
    retry_after: int | None = None
    reason: str = ""


class CallbackSender(Protocol):
    """The way out to the CRMs."""

    def send(self, delivery: Delivery, now: int) -> Reply:
        """POST it. Never raises for what the other side does: a refused address is a Reply without status."""
