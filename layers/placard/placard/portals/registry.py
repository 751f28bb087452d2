"""Where each provider's parts are. Modules are imported only when asked for: a function carries its own path alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from placard.domain.events import PortalEvent
    from placard.domain.policy import Policy
    from placard.portals.connection import Connection
    from placard.ports import Consents, Lister, Poller, Publisher, Receiver, Renderer, Row


class Parts(NamedTuple):
    """A provider's folder and the class in each of its modules.

    `renderer` is importable without an HTTP client. A portal that calls has a `receiver`, one that never does a `poller`;
    one whose agencies consent on a page of its own has `consents`, what knows that page.
    """

    folder: str
    publisher: str
    renderer: str
    receiver: str | None = None
    poller: str | None = None
    consents: str | None = None


_OURS = "placard.portals"
PROVIDERS = {
    "olx": Parts(f"{_OURS}.olx", "OlxPublisher", "OlxRenderer", receiver="OlxReceiver", consents="OlxConsents"),
    "aviv": Parts(f"{_OURS}.aviv", "AvivPublisher", "AvivRenderer", receiver="AvivReceiver"),
    "spotahome": Parts(f"{_OURS}.spotahome", "SpotahomePublisher", "SpotahomeRenderer", poller="SpotahomePoller"),
}


def load_policy(provider: str) -> Policy:
    """Return a provider's manifest. KeyError for a provider that has no folder."""
    return cast("Policy", _import(provider, "manifest").POLICY)


def publisher_variables(provider: str) -> Mapping[str, str]:
    """Return what a publisher is told by the template: argument → variable. The poller and the consents take the same."""
    return cast("Mapping[str, str]", _import(provider).PUBLISHER_VARIABLES)


def renderer_variables(provider: str) -> Mapping[str, str]:
    """Return the same of a renderer."""
    return cast("Mapping[str, str]", _import(provider).RENDERER_VARIABLES)


def load_publisher(provider: str, *arguments: Any, **named: Any) -> Publisher:
    """Return a provider's publisher, built with these arguments."""
    made = getattr(_import(provider, "publisher"), PROVIDERS[provider].publisher)
    return cast("Publisher", made(*arguments, **named))


def load_lister(provider: str, *arguments: Any, **named: Any) -> Lister:
    """Return what lists at a provider that calls: its publisher. Others have the copy of their sweeps."""
    return cast("Lister", load_publisher(provider, *arguments, **named))


def load_renderer(provider: str, *arguments: Any, **named: Any) -> Renderer:
    """Return a provider's renderer, built with these arguments."""
    made = getattr(_import(provider, "renderer"), PROVIDERS[provider].renderer)
    return cast("Renderer", made(*arguments, **named))


def load_poller(provider: str, *arguments: Any, **named: Any) -> Poller | None:
    """Return what reads at a provider that never calls, None at others. It takes what the publisher takes."""
    poller = PROVIDERS[provider].poller
    if poller is None:
        return None
    return cast("Poller", getattr(_import(provider, "poller"), poller)(*arguments, **named))


def load_consents(provider: str, *arguments: Any, **named: Any) -> Consents:
    """Return what connects accounts by consent. LookupError for a provider that asks for none.

    It takes what the publisher takes.
    """
    consents = PROVIDERS[provider].consents
    if consents is None:
        raise LookupError(f"{provider} asks for no consent")
    return cast("Consents", getattr(_import(provider, "consent"), consents)(*arguments, **named))


def load_connection(provider: str) -> Connection:
    """Return what connecting a provider takes."""
    return cast("Connection", _import(provider, "connection").CONNECTION)


def load_receiver(provider: str, *arguments: Any, **named: Any) -> Receiver | None:
    """Return a provider's receiver, None where the portal never calls."""
    receiver = PROVIDERS[provider].receiver
    if receiver is None:
        return None
    return cast("Receiver", getattr(_import(provider, "receiver"), receiver)(*arguments, **named))


def calls(provider: str) -> bool:
    """Whether a provider calls the hub; the others are polled."""
    return PROVIDERS[provider].receiver is not None


def load_interpretation(provider: str) -> Callable[[Row, str | None, int], PortalEvent]:
    """Return what the rows of a provider mean that is polled, without the client that reads them."""
    return cast("Callable[[Row, str | None, int], PortalEvent]", _import(provider, "states").interpret_row)


def _import(provider: str, module: str | None = None) -> Any:
    """Import a provider's folder, or one module of it."""
    folder = PROVIDERS[provider].folder
    return import_module(folder if module is None else f"{folder}.{module}")
