"""Puts the parts together, each on first use, so that a function imports only what its own path needs. Tests pass fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from placard.aws.settings import Settings
    from placard.domain.policy import Policy
    from placard.ports import (
        Budget,
        CallbackSender,
        CircuitStore,
        ClassifiedStore,
        Clock,
        Consents,
        Credentials,
        DueStore,
        Lister,
        MessageStore,
        Poller,
        ProcessStore,
        ProgressStore,
        Provider,
        PublicationStore,
        Receiver,
        Renderer,
        ToldStore,
        WakeUps,
    )
    from placard.use_cases.apply_events import ApplyEvents, Interpreter
    from placard.use_cases.compare_portals import CompareNightly, ComparePortals
    from placard.use_cases.deliver_process import DeliverProcess
    from placard.use_cases.deliver_publication import DeliverPublication
    from placard.use_cases.notify_crm import NotifyCrm
    from placard.use_cases.poll_spotahome import PollSpotahome
    from placard.use_cases.reconcile import Reconcile

Part = TypeVar("Part")
_parts: dict[str, Any] = {}


def use(**parts: Any) -> None:
    """Forget every part and take these in the place of the real ones: `use(classified_store=…, clock=…)`."""
    _parts.clear()
    _parts.update(parts)


def _part(name: str, make: Callable[[], Part]) -> Part:
    if name not in _parts:
        _parts[name] = make()
    return cast("Part", _parts[name])


# --- the world -------------------------------------------------------------------------------------------------------


def settings() -> Settings:
    """The environment, read once."""

    def make() -> Settings:
        from placard.aws.settings import read_settings

        return read_settings()

    return _part("settings", make)


def clock() -> Clock:
    """Time and chance."""

    def make() -> Clock:
        from placard.aws.clock import SystemClock

        return SystemClock()

    return _part("clock", make)


def classified_store() -> ClassifiedStore:
    """The classifieds' side of the table."""

    def make() -> ClassifiedStore:
        from placard.aws.classifieds import DynamoClassifiedStore
        from placard.aws.table import Table

        return DynamoClassifiedStore(Table(settings().table_name), clock())

    return _part("classified_store", make)


def publication_store() -> PublicationStore:
    """The publications' side of the table, for functions that nobody waits for."""

    def make() -> PublicationStore:
        from placard.aws.publications import DynamoPublicationStore
        from placard.aws.table import Table

        return DynamoPublicationStore(Table(settings().table_name), clock(), settings().status_retention_days)

    return _part("publication_store", make)


def message_store() -> MessageStore:
    """The portals' messages, for the receivers: a portal waits, so it answers or gives up within a second."""

    def make() -> MessageStore:
        from placard.aws.engine import QUICK
        from placard.aws.messages import DynamoMessageStore
        from placard.aws.table import Table

        return DynamoMessageStore(Table(settings().table_name, QUICK), clock(), settings().status_retention_days)

    return _part("message_store", make)


def subscription_store() -> ToldStore:
    """The customers' subscriptions, and how far they have been told."""

    def make() -> ToldStore:
        from placard.aws.subscriptions import DynamoSubscriptionStore
        from placard.aws.table import Table

        return DynamoSubscriptionStore(Table(settings().table_name), clock())

    return _part("subscription_store", make)


def process_store() -> ProcessStore:
    """The listing processes' side of the table."""

    def make() -> ProcessStore:
        from placard.aws.processes import DynamoProcessStore
        from placard.aws.table import Table

        return DynamoProcessStore(Table(settings().table_name))

    return _part("process_store", make)


def due_store() -> DueStore:
    """The due index."""

    def make() -> DueStore:
        from placard.aws.dues import DynamoDueStore
        from placard.aws.table import Table

        return DynamoDueStore(Table(settings().table_name))

    return _part("due_store", make)


def progress_store() -> ProgressStore:
    """How far the nightly comparison is."""

    def make() -> ProgressStore:
        from placard.aws.progress import DynamoProgressStore
        from placard.aws.table import Table

        return DynamoProgressStore(Table(settings().table_name))

    return _part("progress_store", make)


def wake_ups() -> WakeUps:
    """The queues."""

    def make() -> WakeUps:
        from placard.aws.queues import SqsWakeUps

        return SqsWakeUps(settings())

    return _part("wake_ups", make)


def credentials() -> Credentials:
    """The vault."""

    def make() -> Credentials:
        from placard.aws.engine import PATIENT
        from placard.aws.vault import Vault

        return Vault(settings().vault_table_name, settings().vault_key_id, clock(), PATIENT)

    return _part("credentials", make)


def quick_credentials() -> Credentials:
    """The vault for the receivers, with a portal waiting."""

    def make() -> Credentials:
        from placard.aws.engine import QUICK
        from placard.aws.vault import Vault

        return Vault(settings().vault_table_name, settings().vault_key_id, clock(), QUICK)

    return _part("quick_credentials", make)


# --- callbacks -------------------------------------------------------------------------------------------------------


def callback_sender() -> CallbackSender:
    """What posts to the CRMs."""

    def make() -> CallbackSender:
        from placard.callbacks.sender import HttpSender

        return HttpSender(settings().allow_loopback_callbacks)

    return _part("callback_sender", make)


def callback_url_check() -> Callable[[str], str]:
    """What a subscription's URL goes through: returns it as it is kept, raises CallbackRefusedError."""

    def make() -> Callable[[str], str]:
        from placard.callbacks.addresses import resolve_and_check

        return partial(resolve_and_check, allow_loopback=settings().allow_loopback_callbacks)

    return _part("callback_url_check", make)


def budget() -> Budget:
    """How often portals may be called."""

    def make() -> Budget:
        from placard.aws.budget import DynamoBudget
        from placard.aws.table import Table

        return DynamoBudget(Table(settings().table_name))

    return _part("budget", make)


def circuit_store() -> CircuitStore:
    """Which portals are left alone for a while."""

    def make() -> CircuitStore:
        from placard.aws.circuits import DynamoCircuitStore
        from placard.aws.table import Table

        return DynamoCircuitStore(Table(settings().table_name), clock())

    return _part("circuit_store", make)


# --- portals ---------------------------------------------------------------------------------------------------------


def policy(provider: str) -> Policy:
    """A provider's manifest, its waits shortened in the sandbox."""

    def make() -> Policy:
        from placard.portals.registry import load_policy

        return load_policy(provider).scaled(settings().time_scale)

    return _part(f"policy {provider}", make)


def renderer(provider: str) -> Renderer:
    """What a provider would be sent, without the means to send it."""

    def make() -> Renderer:
        from placard.portals.registry import load_renderer, renderer_variables

        return load_renderer(provider, credentials(), **_read_variables(renderer_variables(provider)))

    return _part(f"renderer {provider}", make)


def receiver(provider: str) -> Receiver:
    """What checks the proof of a provider's callbacks."""
    return _part(f"receiver {provider}", lambda: _load_receiver(provider, quick_credentials()))


def interpreter(provider: str) -> Interpreter:
    """What makes sense of messages whose proof was checked before they were stored: it has no way to the vault."""

    def make() -> Interpreter:
        from placard.portals.registry import calls, load_interpretation
        from placard.use_cases.observations import ObservationReader

        if calls(provider):
            return _load_receiver(provider, None)
        return ObservationReader(load_interpretation(provider))

    return _part(f"interpreter {provider}", make)


def poller(name: str, *, pays: bool = True) -> Poller:
    """What reads a portal that never calls; `pays`: from the budget of calls that deliveries share."""

    def make() -> Poller:
        from placard.portals.registry import load_poller

        arguments = _publisher_arguments(name) | ({} if pays else {"budget": None})
        found = load_poller(name, **arguments, credentials=credentials(), clock=clock())
        if found is None:
            raise LookupError(f"{name} calls")
        return found

    return _part(f"poller {name}" if pays else f"sweeping poller {name}", make)


def _load_receiver(provider: str, vault: Credentials | None) -> Receiver:
    from placard.portals.registry import load_receiver

    found = load_receiver(provider, vault)
    if found is None:
        raise LookupError(f"{provider} never calls")
    return found


def provider(name: str) -> Provider:
    """All parts of a provider that a delivery needs."""

    def make() -> Provider:
        from placard.portals.registry import load_poller, load_publisher
        from placard.ports import Provider

        arguments = {**_publisher_arguments(name), "credentials": credentials(), "clock": clock()}
        return Provider(policy(name), load_publisher(name, **arguments), poller=load_poller(name, **arguments))

    return _part(f"provider {name}", make)


def lister(name: str) -> Lister:
    """What lists a customer's adverts: the portal, or the copy that sweeps keep."""

    def make() -> Lister:
        from placard.portals.registry import calls, load_lister
        from placard.use_cases.compare_portals import CopyLister

        if not calls(name):
            return CopyLister(process_store())
        return load_lister(name, **_publisher_arguments(name), credentials=credentials(), clock=clock())

    return _part(f"lister {name}", make)


def consents(name: str) -> Consents:
    """What connects accounts by a consent."""

    def make() -> Consents:
        from placard.portals.registry import load_consents

        return load_consents(name, **_publisher_arguments(name), credentials=credentials(), clock=clock())

    return _part(f"consents {name}", make)


def _publisher_arguments(name: str) -> dict[str, Any]:
    """What a publisher, a poller and a consent of a provider are made of; a portal that limits its calls has a budget."""
    from placard.portals.registry import load_policy, publisher_variables

    told = _read_variables(publisher_variables(name))
    paid = {} if load_policy(name).rate is None else {"budget": budget()}
    return {**told, **paid, "circuits": circuit_store(), "time_scale": settings().time_scale}


def _read_variables(named: Mapping[str, str]) -> dict[str, str]:
    """Read variables by the arguments that take them. A function has those of the providers it serves, and no others."""
    return {argument: settings().variable(name) for argument, name in named.items()}


# --- use cases -------------------------------------------------------------------------------------------------------


def deliver_publication(provider_name: str) -> DeliverPublication:
    """Looks at publications of one provider."""

    def make() -> DeliverPublication:
        from placard.use_cases.deliver_publication import DeliverPublication

        parts, waits = (publication_store(), provider(provider_name), clock()), settings()
        return DeliverPublication(*parts, lease=waits.lease, scale=waits.time_scale)

    return _part(f"deliver {provider_name}", make)


def deliver_process(provider_name: str) -> DeliverProcess:
    """Pushes what the CRM asks of listing processes."""

    def make() -> DeliverProcess:
        from placard.use_cases.deliver_process import DeliverProcess

        parts, waits = (process_store(), poller(provider_name), clock()), settings()
        return DeliverProcess(*parts, lease=waits.lease, scale=waits.time_scale)

    return _part(f"deliver processes {provider_name}", make)


def poll_spotahome() -> PollSpotahome:
    """Sweeps listing processes."""

    def make() -> PollSpotahome:
        from placard.use_cases.poll_spotahome import PollSpotahome

        # A sweep keeps a pace of its own: paying for each page would write where no row has changed.
        sweeping, stores = poller("spotahome", pays=False), (process_store(), publication_store())
        waits = settings()
        return PollSpotahome(sweeping, *stores, credentials(), clock(), lease=waits.lease, scale=waits.time_scale)

    return _part("poll_spotahome", make)


def apply_events() -> ApplyEvents:
    """Folds messages of every provider."""

    def make() -> ApplyEvents:
        from placard.use_cases.apply_events import ApplyEvents

        return ApplyEvents(publication_store(), interpreter, policy, clock())

    return _part("apply_events", make)


def notify_crm() -> NotifyCrm:
    """Tells the customers' CRMs."""

    def make() -> NotifyCrm:
        from placard.use_cases.notify_crm import NotifyCrm

        parts = subscription_store(), callback_sender(), credentials(), wake_ups(), clock()
        return NotifyCrm(*parts, lease=settings().lease, scale=settings().time_scale)

    return _part("notify_crm", make)


def reconcile() -> Reconcile:
    """Wakes what is past its due time."""

    def make() -> Reconcile:
        from placard.use_cases.reconcile import Reconcile

        return Reconcile(due_store(), classified_store(), wake_ups(), clock(), settings().time_scale)

    return _part("reconcile", make)


def compare_portals() -> ComparePortals:
    """Compares what the portals list with what the hub believes."""

    def make() -> ComparePortals:
        from placard.use_cases.compare_portals import ComparePortals

        stores = classified_store(), publication_store()
        return ComparePortals(lister, *stores, credentials(), wake_ups(), clock())

    return _part("compare_portals", make)


def compare_nightly() -> CompareNightly:
    """The same, every account once a night."""

    def make() -> CompareNightly:
        from placard.use_cases.compare_portals import CompareNightly

        return CompareNightly(compare_portals(), progress_store(), clock())

    return _part("compare_nightly", make)
