"""Where each provider's parts are. Modules are imported only when asked for: a function carries its own path alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from placard.domain.events import PortalEvent
    from placard.domain.policy import Policy
    from placard.ports import Consents, Lister, Poller, Publisher, Receiver, Renderer, Row

# provider: its folder, its publisher's class, its receiver's class (None: it never calls).
PROVIDERS: dict[str, tuple[str, str, str | None]] = {
    "olx": ("placard.portals.olx", "OlxPublisher", "OlxReceiver"),
    "aviv": ("placard.portals.aviv", "AvivPublisher", "AvivReceiver"),
    "spotahome": ("placard.portals.spotahome", "SpotahomePublisher", None),
}
# Beside them, importable without an HTTP client: its renderer's class.
RENDERERS = {"olx": "OlxRenderer", "aviv": "AvivRenderer", "spotahome": "SpotahomeRenderer"}
# provider that never calls: the class of its poller.
POLLERS = {"spotahome": "SpotahomePoller"}
# provider whose agencies consent on a page of its own: the class of what knows that page.
CONSENTS = {"olx": "OlxConsents"}


def load_policy(provider: str) -> Policy:
    """Return a provider's manifest. KeyError for a provider that has no folder."""
    return cast("Policy", import_module(f"{PROVIDERS[provider][0]}.manifest").POLICY)


def load_publisher(provider: str, *arguments: Any, **named: Any) -> Publisher:
    """Return a provider's publisher, built with these arguments."""
    folder, publisher, _ = PROVIDERS[provider]
    return cast("Publisher", getattr(import_module(f"{folder}.publisher"), publisher)(*arguments, **named))


def load_lister(provider: str, *arguments: Any, **named: Any) -> Lister:
    """Return what lists at a provider that calls: its publisher. Others have the copy of their sweeps."""
    return cast("Lister", load_publisher(provider, *arguments, **named))


def load_renderer(provider: str, *arguments: Any, **named: Any) -> Renderer:
    """Return a provider's renderer, built with these arguments."""
    folder = import_module(f"{PROVIDERS[provider][0]}.renderer")
    return cast("Renderer", getattr(folder, RENDERERS[provider])(*arguments, **named))


def load_poller(provider: str, *arguments: Any, **named: Any) -> Poller | None:
    """Return what reads at a provider that never calls, None at others. It takes what the publisher takes."""
    poller = POLLERS.get(provider)
    if poller is None:
        return None
    return cast("Poller", getattr(import_module(f"{PROVIDERS[provider][0]}.poller"), poller)(*arguments, **named))


def load_consents(provider: str, *arguments: Any, **named: Any) -> Consents:
    """Return what connects accounts by consent. KeyError for a provider that asks for none; it takes what the publisher takes."""
    folder = import_module(f"{PROVIDERS[provider][0]}.consent")
    return cast("Consents", getattr(folder, CONSENTS[provider])(*arguments, **named))


def load_receiver(provider: str, *arguments: Any, **named: Any) -> Receiver | None:
    """Return a provider's receiver, None where the portal never calls."""
    folder, _, receiver = PROVIDERS[provider]
    if receiver is None:
        return None
    return cast("Receiver", getattr(import_module(f"{folder}.receiver"), receiver)(*arguments, **named))


def calls(provider: str) -> bool:
    """Whether a provider calls the hub; the others are polled."""
    return PROVIDERS[provider][2] is not None


def load_interpretation(provider: str) -> Callable[[Row, str | None, int], PortalEvent]:
    """Return what such a provider's rows mean, without the client that reads them."""
    states = import_module(f"{PROVIDERS[provider][0]}.states")
    return cast("Callable[[Row, str | None, int], PortalEvent]", states.interpret_row)
