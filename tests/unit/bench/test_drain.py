"""Rates as rows."""

from __future__ import annotations

from bench.drain import compare_rates


def test_a_rate_beside_the_relays() -> None:
    row = compare_rates("drain", 30.004, 60)
    assert (row.unit, row.ours, row.bare, row.ratios, row.ok) == ("per second", 30, 60, {"bare": 0.5}, None)
