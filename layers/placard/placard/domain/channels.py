"""Portals, channels and providers (contracts/hub.md §1): one remote advert per channel, one folder of code per provider."""

from __future__ import annotations

from collections.abc import Iterable

CHANNEL_OF = {
    "SL": "aviv",
    "BUCOM": "aviv",
    "BD": "aviv",
    "SLC": "aviv",
    "SLN": "aviv",
    "IMOVIRTUAL": "imovirtual",
    "OTODOM": "otodom",
    "STORIA": "storia",
    "OLXRO": "olxro",
    "SPOTAHOME": "spotahome",
}
PROVIDER_OF = {
    "aviv": "aviv",
    "imovirtual": "olx",
    "otodom": "olx",
    "storia": "olx",
    "olxro": "olx",
    "spotahome": "spotahome",
}
PORTALS = CHANNEL_OF.keys()
# Listing processes are Spotahome's alone.
PROCESS_PROVIDER = "spotahome"
PROCESS_PORTAL = "SPOTAHOME"


def channels_of(portals: Iterable[str]) -> tuple[str, ...]:
    """Return the channels of these portals, each once, in the order of the table."""
    wanted = set(portals)
    return tuple(dict.fromkeys(channel for portal, channel in CHANNEL_OF.items() if portal in wanted))
