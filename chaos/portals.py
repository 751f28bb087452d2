"""What stands at the simulated portals, by their own switches, and what Spotahome's people do there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from chaos.plan import IMOVIRTUAL, SL, SPOTAHOME, STREET, Fate, Listing

Json = dict[str, Any]
Key = tuple[str, str]  # the listing as a portal knows it, and the portal's code


@dataclass(frozen=True)
class Advert:
    """One advert at a portal. `stands`: it was not removed; `shows` is what the portal shows of the listing."""

    id: str
    stands: bool
    live: bool
    code: str | None
    shows: tuple[Any, ...]


def wanted(listing: Listing, portal: str) -> tuple[Any, ...]:
    """What a portal is to show of a listing."""
    return (listing.units,) if portal == SPOTAHOME else (listing.price, listing.headline)


def key_of(listing: Listing, portal: str) -> Key:
    estate = str(listing.body["data"]["metaData"]["source"]["offererEstateId"])
    return (f"{STREET}, {listing.number}" if portal == SPOTAHOME else estate), portal


class Portals:
    """The three simulators, looked at from outside."""

    def __init__(self, simulators: Mapping[str, str]) -> None:
        self._clients = {
            name: httpx.Client(base_url=f"{url}/_sim", timeout=60, trust_env=False) for name, url in simulators.items()
        }

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def list_adverts(self) -> Mapping[Key, list[Advert]]:
        """Every advert that was ever created, by listing and portal."""
        found: defaultdict[Key, list[Advert]] = defaultdict(list)
        for item in self._ask("aviv", "adverts"):
            estate = item["data"]["metaData"]["source"]["offererEstateId"]
            found[estate, SL].append(_read_aviv(item))
        for item in self._ask("olx", "adverts"):
            found[item["payload"]["custom_fields"]["reference_id"], IMOVIRTUAL].append(_read_olx(item))
        for item in self._ask("spotahome", "adverts"):
            found[item["location"]["addressLine1"], SPOTAHOME].append(_read_spotahome(item))
        return found

    def check_homes(self, listings: Mapping[int, Listing]) -> None:
        """Play Spotahome's people: each property that waits is visited, and becomes what its listing's fate is."""
        fates = {key_of(listing, SPOTAHOME)[0]: listing.fate for listing in list(listings.values())}
        for item in self._ask("spotahome", "adverts"):
            # A property whose creation was not acknowledged to the CRM yet is visited in the next round.
            fate = fates.get(item["location"]["addressLine1"], Fate.WAITING)
            if fate is not Fate.WAITING and item["process"]["state"]["state"] == Fate.WAITING:
                order = {"state": fate.value, "published": fate is Fate.PUBLISHED}
                self._clients["spotahome"].post(f"properties/{item['id']}", json=order).raise_for_status()

    def count_all(self) -> dict[str, dict[str, int]]:
        """Calls and callbacks so far, by simulator."""
        return {name: client.get("counts").raise_for_status().json() for name, client in self._clients.items()}

    def list_accepted(self, prefix: str, after: int) -> tuple[list[Json], int]:
        """The callbacks that the CRM has taken after the first so many, and how many there are now."""
        answer = self._clients["crm"].get("accepted", params={"path": f"^{prefix}/", "after": str(after)})
        body = answer.raise_for_status().json()
        return body["items"], body["next"]

    def _ask(self, name: str, what: str) -> list[Json]:
        items: list[Json] = self._clients[name].get(what).raise_for_status().json()["items"]
        return items


def _read_aviv(item: Json) -> Advert:
    data = item["data"]
    shows = (data["prices"]["rent"]["baseRent"]["amount"], data["texts"]["headline"]["pt"])
    live = SL in item["live"]
    return Advert(item["classifiedId"], live or not item["deleted"], live, None, shows)


def _read_olx(item: Json) -> Advert:
    state, payload = item["state"] or {}, item["payload"]
    removed = state.get("code") == "removed_by_user" and state["visible_in_profile"] == "false"
    stands = bool(state) and not removed
    shows = (payload["price"]["value"], payload["title"])
    return Advert(item["uuid"], stands, state.get("code") == "active", state.get("code"), shows)


def _read_spotahome(item: Json) -> Advert:
    state = item["process"]["state"]["state"]
    stands = state != "cancelled"
    return Advert(item["id"], stands, stands and item["published"], state, (item["totalUnits"],))
