"""What reconcile has woken is woken again where nobody came: after five minutes, in the sandbox after its share of them."""

from __future__ import annotations

import pytest

from placard.domain.instants import MINUTE
from placard.use_cases.reconcile import AGAIN, Reconcile
from tests.unit.use_cases.world import World


@pytest.mark.parametrize("scale", [1, 1 / 60])
def test_a_wake_up_that_is_lost_is_sent_again(scale: float) -> None:
    world = World()
    reconcile = Reconcile(world.store, world.store, world.queues, world.clock, scale)
    world.publish()
    world.clock.advance(5 * MINUTE)
    assert reconcile() == 1
    world.queues.take()  # lost
    world.clock.advance(int(AGAIN * scale) - 1)
    assert reconcile() == 0
    world.clock.advance(1)
    assert reconcile() == 1
    assert len(world.queues.take()) == 1
