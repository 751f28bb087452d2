"""Spotahome: properties, their listing processes and who may see them (contract: spotahome.md §3, §4, §5, §8)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sandbox.simulators.courier import Courier
from sandbox.simulators.faults import FaultPlan
from sandbox.simulators.journal import Journal

STATES = ("cancelled", "propertyVerified", "propertyUnverified", "waitingContent", "waitingProperty")
CLOSED = frozenset({"cancelled", "propertyVerified", "propertyUnverified"})
FIRST_ID = 48211
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SAMPLE_LOCATION = {
    "addressLine1": "Calle de la Luna, 14",
    "city": "Madrid",
    "cityId": "madrid",
    "postalCode": "28004",
    "latitude": 40.4221,
    "longitude": -3.7062,
}


@dataclass
class Property:
    """A property as it was sent; whether the public sees it is Spotahome's own decision."""

    property_id: str
    sent: dict[str, Any]
    published: bool = False

    @property
    def owner(self) -> str:
        return str(self.sent["ownerId"])

    def show(self) -> dict[str, Any]:
        return {"id": self.property_id, **self.sent, "published": self.published}

    def matches(self, address: re.Pattern[str]) -> bool:
        """The filter `address` looks at both lines, the city and the post code."""
        place = self.sent["location"]
        lines = (place.get(name) for name in ("addressLine1", "addressLine2", "city", "postalCode"))
        return any(address.search(line) for line in lines if line)


@dataclass
class Process:
    """A listing process; `hidden`: the list does not show it any more, though nobody closed it."""

    number: int
    account_id: str
    state: str
    property_id: str | None
    agent_id: str | None = None
    hidden: bool = False

    @property
    def locator(self) -> str:
        group, place = divmod(self.number, 99)
        letters = "".join(LETTERS[group // 26**power % 26] for power in (2, 1, 0))
        return f"{letters}{group % 1000:03}-{place + 1:02}"

    def show(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "locator": self.locator,
            "accountId": self.account_id,
            "propertyId": self.property_id,
            "agentId": self.agent_id,
            "state": {"state": self.state},
        }


class SpotahomePortal:
    """Everything the simulator knows. The order of `processes` is that of the list, which promises none."""

    def __init__(self, journal: Journal, courier: Courier, rules: dict[str, Any]) -> None:
        self.journal = journal
        self.courier = courier
        self.faults = FaultPlan()
        self.rules = dict(rules)
        self._defaults = dict(rules)
        self.tokens: dict[str, Token] = {}
        self.forget_adverts()

    # --- what the controls need ---

    def list_adverts(self) -> list[dict[str, Any]]:
        newest = {process.property_id: process for process in sorted(self.processes, key=lambda one: one.number)}
        return [
            {**one.show(), "process": newest[one.property_id].show() if one.property_id in newest else None}
            for one in self.properties.values()
        ]

    def forget_adverts(self) -> None:
        self.properties: dict[str, Property] = {}
        self.processes: list[Process] = []
        self.listed = 0
        self._last_id = FIRST_ID - 1

    def forget_connections(self) -> None:
        self.tokens.clear()

    def restore_rules(self) -> None:
        self.rules.clear()
        self.rules.update(self._defaults)

    # --- properties and processes ---

    def create(self, sent: dict[str, Any], state: str = "waitingContent", *, published: bool = False) -> Property:
        """A property and the process that is opened for it."""
        one = Property(str(uuid4()), sent, published)
        self.properties[one.property_id] = one
        self.open_process(one.owner, state, None if state == "waitingProperty" else one.property_id)
        return one

    def open_process(self, owner: str, state: str, property_id: str | None) -> Process:
        self._last_id += 1
        process = Process(self._last_id, owner, state, property_id)
        self.processes.append(process)
        return process

    def seed(self, count: int, owner: str, states: list[str]) -> list[Process]:
        """Open that many processes, their states in turn; what is verified is public."""
        for number in range(count):
            state = states[number % len(states)]
            place = {**SAMPLE_LOCATION, "addressLine1": f"Calle de la Luna, {number + 1}"}
            sent = {"type": "apartment", "location": place, "ownerId": owner, "totalUnits": 1, "rentableUnits": 1}
            self.create(sent, state, published=state == "propertyVerified")
        return self.processes[len(self.processes) - count :]

    def newest_of(self, property_id: str) -> Process | None:
        found = [process for process in self.processes if process.property_id == property_id]
        return max(found, key=lambda process: process.number, default=None)

    def find_process(self, number: int) -> Process | None:
        return next((process for process in self.processes if process.number == number), None)

    def list_processes(self, owner: str, wanted: Iterable[Callable[[Process], bool]]) -> list[Process]:
        """What a token's owner sees, filtered; afterwards rows move, if the rule `shift` says so."""
        tests = tuple(wanted)
        found = [
            process
            for process in self.processes
            if process.account_id == owner and not process.hidden and all(test(process) for test in tests)
        ]
        moved = self.rules["shift"]
        if moved:
            self.processes = self.processes[moved:] + self.processes[:moved]
        return found


@dataclass
class Token:
    """A login's token. `calls`: how many it has been used for."""

    owner: str
    email: str
    ends_at: float
    calls: int = 0


def owner_of(email: str) -> str:
    """The landlord account of a login; that of the contract's samples has the samples' id."""
    return SAMPLE_OWNER if email == SAMPLE_EMAIL else str(uuid5(NAMESPACE_URL, email))


SAMPLE_EMAIL = "feeds@agency.example"
SAMPLE_OWNER = "7d0f3c52-1b64-4e0a-9a35-5f1c2ab80e11"
