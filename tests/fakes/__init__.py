"""The world in memory: stores, queues, vault and clock that keep the promises of `placard.ports`, without waiting."""

from tests.fakes.clock import FakeClock
from tests.fakes.memory_budget import MemoryBudget
from tests.fakes.memory_circuits import MemoryCircuits
from tests.fakes.memory_processes import MemoryProcesses
from tests.fakes.memory_queues import MemoryWakeUps
from tests.fakes.memory_store import MemoryStore, Record
from tests.fakes.memory_vault import MemoryVault

__all__ = [
    "FakeClock",
    "MemoryBudget",
    "MemoryCircuits",
    "MemoryProcesses",
    "MemoryStore",
    "MemoryVault",
    "MemoryWakeUps",
    "Record",
]
