"""docs/for-crm-developers.md: what an entry may say there is what the domain says."""

from __future__ import annotations

import re

from placard.domain.events import AdvertState
from placard.domain.lifecycle import Word
from placard.domain.problems import CATALOGUE
from tests.unit.api.crm import ROOT

DOCUMENT = (ROOT / "docs/for-crm-developers.md").read_text()


def list_cells(first: str) -> list[str]:
    """The words marked as code in the second cell of the row that begins with this one."""
    (cell,) = re.findall(rf"^\| {first} \| (.+) \|$", DOCUMENT, flags=re.MULTILINE)
    return re.findall(r"`([^`]+)`", cell)


def test_every_word_and_state_is_explained() -> None:
    assert sorted(list_cells("`status`")) == sorted(Word)
    assert sorted(list_cells("`advert`")) == sorted(["live", "state", *AdvertState])


def test_every_problem_stands_beside_who_must_act() -> None:
    for actor in {kind.actor for kind in CATALOGUE.values()}:
        assert list_cells(actor) == [code for code, kind in CATALOGUE.items() if kind.actor == actor]
