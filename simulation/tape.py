"""The choices of a run, in order: drawn from a seed, or read back from a tape. Choice 0 is always the plain one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate


class Tape:
    """Draws choices and keeps them. A tape read back to its end goes on with plain choices."""

    def __init__(self, seed: int, choices: Sequence[int] | None = None) -> None:
        self._random = random.Random(seed).random  # noqa: S311 - the same seed, the same story
        self._given = choices
        self._sums: dict[tuple[int, ...], list[int]] = {}
        self.choices: list[int] = []

    def pick(self, weights: tuple[int, ...]) -> int:
        """Return the index of one of these weights; the first one's choice is the plain one."""
        if self._given is not None:
            place = len(self.choices)
            choice = min(self._given[place], len(weights) - 1) if place < len(self._given) else 0
            if not weights[choice]:
                choice = 0
        else:
            sums = self._sums.get(weights)
            if sums is None:
                sums = self._sums[weights] = list(accumulate(weights))
            drawn = self._random() * sums[-1]
            choice = 0
            while drawn >= sums[choice]:
                choice += 1
        self.choices.append(choice)
        return choice

    def happens(self, chance: float) -> bool:
        """Return whether something out of the ordinary happens; `chance` in [0, 1]."""
        if self._given is not None:
            place = len(self.choices)
            choice = int(place < len(self._given) and self._given[place] > 0 and chance > 0)
        else:
            choice = int(self._random() < chance)
        self.choices.append(choice)
        return choice == 1

    def below(self, number: int) -> int:
        """Return a number from 0 on, each as likely."""
        if self._given is not None:
            place = len(self.choices)
            choice = self._given[place] % number if place < len(self._given) else 0
        else:
            choice = int(self._random() * number)
        self.choices.append(choice)
        return choice
