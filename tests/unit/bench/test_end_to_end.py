"""Percentiles as rows."""

from __future__ import annotations

from bench.end_to_end import list_percentiles


def test_a_row_for_each_percentile_each_with_its_own_ratio() -> None:
    ours, bare = [float(number) for number in range(101)], [50.0] * 101
    rows = list_percentiles("way", ours, bare)
    assert [(row.name, row.ours, row.bare, row.ratios) for row in rows] == [
        ("way, p50", 50, 50, {"bare": 1}),
        ("way, p95", 95, 50, {"bare": 1.9}),
        ("way, p99", 99, 50, {"bare": 1.98}),
    ]
    assert {(row.unit, row.bound, row.ok) for row in rows} == {("ms", "", None)}
