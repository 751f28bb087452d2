"""What every store of circuit breakers promises (design §3, `BREAKER#…`)."""

from __future__ import annotations

import pytest

from placard.aws.circuits import DynamoCircuitStore
from placard.aws.table import Table
from placard.domain.breaker import MOST_FAILURES, Circuit, answer, fail, send_canary
from placard.domain.errors import TransitionConflictError
from placard.ports import CircuitStore
from tests.fakes import FakeClock, MemoryCircuits
from tests.fakes.clock import NOON

ACCOUNT = "acme/imovirtual/main"


@pytest.fixture(params=["memory", "dynamodb"])
def instances(request: pytest.FixtureRequest) -> tuple[CircuitStore, CircuitStore]:
    """Two instances of one hub."""
    if request.param == "memory":
        shared = MemoryCircuits()
        return shared, shared
    table: Table = request.getfixturevalue("table")
    return DynamoCircuitStore(table, FakeClock()), DynamoCircuitStore(table, FakeClock())


def test_an_account_nobody_has_spoken_of_is_closed(instances: tuple[CircuitStore, CircuitStore]) -> None:
    assert instances[0].load("olx", ACCOUNT) == Circuit()


def test_instances_share_what_became_of_calls(instances: tuple[CircuitStore, CircuitStore]) -> None:
    one, other = instances
    circuit = one.load("olx", ACCOUNT)
    for number in range(MOST_FAILURES):
        circuit = instances[number % 2].save("olx", ACCOUNT, fail(circuit, NOON, 0.5))
    assert circuit.version == MOST_FAILURES
    assert not circuit.closed
    assert one.load("olx", ACCOUNT) == other.load("olx", ACCOUNT) == circuit
    leased = other.save("olx", ACCOUNT, send_canary(circuit, circuit.open_until))
    assert one.load("olx", ACCOUNT) == leased
    one.save("olx", ACCOUNT, answer(leased))
    assert other.load("olx", ACCOUNT) == Circuit(version=leased.version + 1)


def test_of_two_canaries_one_flies(instances: tuple[CircuitStore, CircuitStore]) -> None:
    one, other = instances
    circuit = one.save("olx", ACCOUNT, Circuit(failures=MOST_FAILURES, openings=1, opened_at=NOON, open_until=NOON))
    one.save("olx", ACCOUNT, send_canary(circuit, NOON))
    with pytest.raises(TransitionConflictError):
        other.save("olx", ACCOUNT, send_canary(circuit, NOON))


@pytest.mark.parametrize("version", [1, 7])
def test_what_was_read_of_a_circuit_that_is_gone_is_not_written(
    instances: tuple[CircuitStore, CircuitStore], version: int
) -> None:
    with pytest.raises(TransitionConflictError):
        instances[0].save("olx", ACCOUNT, Circuit(failures=1, version=version))


def test_accounts_are_apart(instances: tuple[CircuitStore, CircuitStore]) -> None:
    one, other = instances
    one.save("olx", ACCOUNT, Circuit(failures=3))
    assert other.load("olx", "acme/imovirtual/second") == Circuit()
    assert other.load("aviv", ACCOUNT) == Circuit()


def test_a_circuit_nobody_uses_any_more_expires(table: Table) -> None:
    clock = FakeClock()
    DynamoCircuitStore(table, clock).save("olx", ACCOUNT, Circuit(failures=1))
    [item] = table.query("pk = :pk", {":pk": f"BREAKER#olx#{ACCOUNT}"})
    assert item["expires_at"] * 1000 > clock.now()
    assert "kind" not in item, "no stream filter lets it through"
