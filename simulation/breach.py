"""What ends a run: a promise that was not kept."""

from __future__ import annotations


class BreachError(AssertionError):
    """A promise that was not kept."""
