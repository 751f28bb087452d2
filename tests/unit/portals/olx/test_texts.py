"""Making a text fit the sites' rules, and finding what only its author can mend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.portals.olx.texts import cut_at_word, find_forbidden, normalise_text


@pytest.mark.parametrize(
    ("written", "fitting"),
    [
        ("VENDE-SE T2 EM BRAGA", "Vende-se T2 em braga"),
        ("Casa!!!! Nova...", "Casa! Nova."),
        ("🏡 Casa ❤️ nova", "Casa nova"),
        ("Rua A, 84 m²", "Rua A, 84 m²"),
        ("Fim. OPORTUNIDADE única", "Fim. Oportunidade única"),
        ("Sim!! e não??", "Sim!! e não??"),
    ],
)
def test_a_text_is_made_to_fit(written: str, fitting: str) -> None:
    assert normalise_text(written) == fitting


@given(st.text(max_size=200), st.integers(5, 70))
def test_a_fitting_text_fits_and_stays_as_it_is(text: str, most: int) -> None:
    fitting = cut_at_word(normalise_text(text), most)
    assert len(fitting) <= most
    assert not any(sign * 3 in fitting for sign in "!?.,-=+#%&@*_><:()|")


@pytest.mark.parametrize("text", ["187 500 €", "construído em 2019, renovado em 2024", "84,5 m² e 1 250 000 €", "T2+1"])
def test_numbers_of_a_listing_are_no_phone_numbers(text: str) -> None:
    assert find_forbidden(text) is None
