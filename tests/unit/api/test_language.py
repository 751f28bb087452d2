"""In which language the hints are read (RFC 9110 §12.5.4): English, unless the caller likes another better."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.aws.http_language import choose_language
from placard.domain.causes import Cause
from placard.domain.events import Source
from placard.domain.lifecycle import Word
from placard.domain.problems import CATALOGUE, LANGUAGES, Problem
from placard.domain.timeline import draft, write
from placard.ports import Change
from tests.unit.api.crm import Answer, Crm, make_body

CHOICES = [
    (None, "en"),
    ("", "en"),
    ("fr", "fr"),
    ("FR", "fr"),
    ("fr-FR", "fr"),
    ("fr-CA-x-quebec", "fr"),
    ("en", "en"),
    ("en-GB,fr;q=0.9", "en"),
    ("fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7", "fr"),
    ("en;q=0.5,fr", "fr"),
    ("en;q=0.8 , fr;q=0.801", "fr"),
    ("fr;q=0.8, en;q=0.8", "fr"),
    ("en;q=0.8, fr;q=0.8", "en"),
    ("fr ; q=1.000", "fr"),
    ("de", "en"),
    ("de,fr;q=0.1", "fr"),
    ("fra", "en"),
    ("frangipani", "en"),
    ("*", "en"),
    ("*,fr;q=0.5", "en"),
    ("en;q=0.5,*", "fr"),
    ("en;q=0,*", "fr"),
    ("fr;q=0", "en"),
    ("fr;q=0,*", "en"),
    ("fr;q=0.0,fr-FR", "en"),
    ("fr-FR;q=0,fr", "fr"),
    ("en;q=0", "en"),
    # What cannot be read is passed over.
    ("fr;q=2,en", "en"),
    ("fr;q=,en", "en"),
    ("fr;q=0.1234,en;q=0.1", "en"),
    ("fr;level=1,en;q=0.1", "en"),
    (";,;;=,fr", "fr"),
    ("français", "en"),
    ("fr" * 4000, "en"),
]
READINGS = ["one", "statuses", "latest"]


@pytest.mark.parametrize(("accepted", "language"), CHOICES)
def test_the_language_liked_best_is_spoken(accepted: str | None, language: str) -> None:
    assert choose_language(accepted, ("en", "fr")) == language


@given(st.text(alphabet="enfrEF-*;q=01., \t", max_size=40))
def test_no_header_is_refused(accepted: str) -> None:
    assert choose_language(accepted, LANGUAGES) in LANGUAGES


def refuse(crm: Crm) -> str:
    """Publish a classified whose portal lacks a picture and a price; return its id."""
    classified_id: str = crm.post(make_body()).json["classifiedId"]
    crm.look(classified_id)
    _, (publication,) = crm.store.load(classified_id)
    problems = (Problem.of(Cause.MISSING, "/media", portal="SL", what="a picture"), Problem.of(Cause.PRICE_IMPOSSIBLE))
    failed = replace(publication.standings["SL"], word=Word.CREATING_FAILED, problems=problems)
    crm.clock.advance(1000)
    told, entries = write(publication, [draft(failed)], now=crm.clock.now(), source=Source.HUB)
    crm.store.save(Change(told, entries))
    return classified_id


def ask(crm: Crm, reading: str, classified_id: str, **headers: str | None) -> tuple[Answer, dict[str, Any]]:
    """Read a classified's newest entry in one of three ways."""
    if reading == "one":
        answer = crm.get(classified_id, **headers)
        return answer, answer.json["latest"][0]
    answer = crm.statuses(classified_id, "filter=latest" if reading == "latest" else "", **headers)
    return answer, answer.json["items"][0]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(("accepted", "language"), [(None, "en"), ("fr-FR,fr;q=0.9", "fr"), ("de", "en")])
def test_hints_are_read_in_the_language_asked_for(reading: str, accepted: str | None, language: str) -> None:
    crm = Crm()
    answer, entry = ask(crm, reading, refuse(crm), accept_language=accepted)
    assert (answer.headers["content-language"], answer.headers["vary"]) == (language, "Accept-Language")
    assert entry["problem"]["hint"] == CATALOGUE["missing_field"].hint(language)
    told = [(problem["code"], problem["hint"]) for problem in entry["problems"]]
    assert told == [(code, CATALOGUE[code].hint(language)) for code in ("missing_field", "invalid_field")]


@pytest.mark.parametrize("reading", READINGS)
def test_nothing_but_the_hint_differs_between_two_languages(reading: str) -> None:
    crm = Crm()
    classified_id = refuse(crm)
    entries = [ask(crm, reading, classified_id, accept_language=language)[1] for language in LANGUAGES]
    hints = [entry["problem"].pop("hint") for entry in entries]
    several = [[problem.pop("hint") for problem in entry["problems"]] for entry in entries]
    assert entries[0] == entries[1]
    assert hints[0] != hints[1]
    assert several[0] != several[1]
