"""What a campaign chooses from its seed, and that it asks the hub for nothing it cannot give."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from chaos.plan import CHANGES, PORTALS, Fate, Wish, draw_plan
from chaos.weather import CALLED, FAILURES, forecast

STORM_S = 300.0
SEEDS = range(20)


def test_a_seed_repeats_its_choices_and_another_makes_others() -> None:
    assert draw_plan(7, 20, STORM_S) == draw_plan(7, 20, STORM_S) != draw_plan(8, 20, STORM_S)
    assert forecast(7, STORM_S) == forecast(7, STORM_S) != forecast(8, STORM_S)


def test_more_classifieds_leave_the_first_ones_as_they_are() -> None:
    assert draw_plan(7, 40, STORM_S).lanes[:20] == draw_plan(7, 20, STORM_S).lanes


@pytest.mark.parametrize("seed", SEEDS)
def test_every_step_asks_for_what_is_wished_after_it(seed: int) -> None:
    for lane in draw_plan(seed, 60, STORM_S).lanes:
        assert lane[0].name == "publish"
        assert [step.at for step in lane] == sorted(step.at for step in lane)
        for before, step in zip([None, *lane], lane, strict=False):
            after, request = step.after, step.request
            if request.method == "PUT" or request.path is None:
                assert request.body == after.body
                assert request.body["portals"] == [p for p in PORTALS if after.wishes[p] is not Wish.ABSENT] != []
            if before is not None and before.after.deleted:
                assert step.name == "publish again"
            assert after.deleted == (set(after.wishes.values()) == {Wish.ABSENT})
            changed = {p for p in PORTALS if before is None or before.after.wishes[p] is not after.wishes[p]}
            assert changed <= after.concerned


def test_a_paused_portal_stays_paused_through_an_edit() -> None:
    lanes = [lane for seed in SEEDS for lane in draw_plan(seed, 60, STORM_S).lanes]
    pairs = [pair for lane in lanes for pair in pairwise(lane) if pair[1].name == "change the price"]
    assert any(Wish.PAUSED in before.after.wishes.values() for before, _ in pairs)
    assert all(before.after.wishes == step.after.wishes for before, step in pairs)


def test_every_change_and_every_fate_is_chosen() -> None:
    lanes = [lane for seed in SEEDS for lane in draw_plan(seed, 60, STORM_S).lanes]
    assert {step.name for lane in lanes for step in lane} == {"publish", *CHANGES}
    assert {lane[0].after.fate for lane in lanes} == set(Fate)


def test_the_failures_have_the_shares_that_a_campaign_promises() -> None:
    shares: Counter[str] = Counter()
    for share, order in FAILURES:
        shares["lost" if order["kind"] == "drop_after" else "failed"] += share
    assert shares == {"lost": pytest.approx(0.1), "failed": pytest.approx(0.3)}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_receiver_is_down_half_of_the_time(seed: int) -> None:
    squalls = [squall for squall in forecast(seed, STORM_S) if squall.target == "crm"]
    assert [squall.kind for squall in squalls] == ["down", "up"] * (len(squalls) // 2)
    down = sum(up.at - down.at for down, up in zip(squalls[::2], squalls[1::2], strict=True))
    assert 0.5 <= down / STORM_S < 0.6
    assert {squall.target for squall in forecast(seed, STORM_S) if squall.kind == "burst"} == set(CALLED)
