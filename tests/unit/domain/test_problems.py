"""The catalogue itself: every row whole, in every language, written as people of that language write it."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from placard.domain.causes import NO_REASON, Cause
from placard.domain.problems import CATALOGUE, DEFAULT_LANGUAGE, LANGUAGES, Kind, Problem

LIFECYCLE = {
    "agency": "credentials_invalid missing_field invalid_field not_connected account_ambiguous consent_revoked "
    "payment_required quota_reached moderated expired package_expired removed_on_portal parent_removed media_refused "
    "manual_step unverified",
    "crm": "unmapped_category not_permitted unsupported",
    "portal": "portal_unavailable overdue not_live_yet rejected_by_portal",
    "hub": "repost_wait credentials_app hub_error",
}
EVERY_CODE = pytest.mark.parametrize("code", CATALOGUE)
LAYER = Path(__file__).parents[3] / "layers/placard/placard"


def test_the_codes_and_their_actors_are_the_contracts() -> None:
    assert {code: kind.actor for code, kind in CATALOGUE.items()} == {
        code: actor for actor, codes in LIFECYCLE.items() for code in codes.split()
    }


def test_every_language_is_a_column() -> None:
    assert Kind._fields == ("actor", "retriable", *LANGUAGES)
    assert DEFAULT_LANGUAGE == "en"


@EVERY_CODE
def test_a_hint_is_whole_sentences_of_its_own_in_every_language(code: str) -> None:
    hints = [CATALOGUE[code].hint(language) for language in LANGUAGES]
    assert len(set(hints)) == len(LANGUAGES)
    assert all(re.fullmatch(r"\S.*\.", hint) and "  " not in hint for hint in hints)


@EVERY_CODE
def test_the_french_keeps_to_french_typography_and_says_vous(code: str) -> None:
    hint = CATALOGUE[code].fr
    assert "'" not in hint, "the apostrophe is ’"
    assert not re.search(r"(?<![\u00a0\u202f])[:;!?»]|«(?![\u00a0\u202f])", hint), "no sign without its narrow space"
    assert not re.search(r"\b(tu|ton|ta|tes|toi)\b", hint, re.IGNORECASE)


@EVERY_CODE
def test_no_two_codes_give_the_same_hint(code: str) -> None:
    for language in LANGUAGES:
        told = [other for other, kind in CATALOGUE.items() if kind.hint(language) == CATALOGUE[code].hint(language)]
        assert told == [code]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_problem_speaks_the_language_asked_for(language: str) -> None:
    problem = Problem.of(Cause.MISSING, "/media", portal="BD", what="at least one picture")
    assert problem.to_json(language) == {
        "code": "missing_field",
        "actor": "agency",
        "retriable": False,
        "field": "/media",
        "detail": "BD demands at least one picture.",
        "hint": CATALOGUE["missing_field"].hint(language),
    }


def test_a_problem_speaks_english_where_nobody_chose() -> None:
    assert Problem.quote("moderated", "Fotos repetidas").to_json() == {
        "code": "moderated",
        "actor": "agency",
        "retriable": False,
        "detail": "Fotos repetidas",
        "hint": "Correct what the moderator names and save the listing again.",
    }


@pytest.mark.parametrize("said", [None, ""])
def test_a_portal_that_says_nothing_is_said_to_have_said_nothing(said: str | None) -> None:
    assert Problem.quote("rejected_by_portal", said).detail == NO_REASON


def test_the_portals_words_are_not_taken_for_a_wording() -> None:
    assert Problem.of(Cause.REFUSED_FIELD, name="{said}", said="{name} {0}").detail == "{said}: {name} {0}"


# --- causes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_code_of_the_catalogue_and_is_named_somewhere(cause: Cause) -> None:
    assert cause.code in CATALOGUE
    users = [path for path in LAYER.rglob("*.py") if re.search(rf"\bCause\.{cause.name}\b", path.read_text())]
    assert users, "a cause that nothing has"


@pytest.mark.parametrize("cause", Cause)
def test_a_wording_takes_plain_values(cause: Cause) -> None:
    fields = [(name, spec, how) for _, name, spec, how in string.Formatter().parse(cause.wording) if name is not None]
    assert all(name.isidentifier() and not spec and how is None for name, spec, how in fields)
    values = {name: "x" for name, _, _ in fields}
    assert Problem.of(cause, **values).code == cause.code
