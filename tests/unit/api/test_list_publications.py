"""GET /publications: how every listing fares on every channel, the worst first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from placard.domain.lifecycle import Word
from placard.domain.problems import CATALOGUE, Problem
from placard.ports import Change
from tests.unit.api.crm import Crm, change, make_body

MISSING = Problem("missing_field", "The postcode is missing", "/data/location/postalcode")


def publish(crm: Crm, key: str, **changes: Any) -> str:
    """Publish a listing and have it looked at once, a second after the one before."""
    crm.clock.advance(1000)
    classified_id: str = crm.post(make_body(key=key, portals=["SL", "IMOVIRTUAL"]) | changes).json["classifiedId"]
    crm.look(classified_id)
    return classified_id


def fail(crm: Crm, classified_id: str, channel: str, problem: Problem = MISSING) -> None:
    """Let the newest entry of a channel say that it failed."""
    publication = crm.store.load_publication(classified_id, channel)
    standings = [
        replace(
            one, word=Word.CREATING_FAILED, latest=replace(one.latest, status=Word.CREATING_FAILED, problems=(problem,))
        )
        for one in publication.standings.values()
    ]
    crm.store.save(Change(publication.with_standings(standings), ()))


def rows(answer: Any) -> list[tuple[str, str, str]]:
    assert answer.status == 200
    return [(row["offererEstateId"], row["channel"], row["health"]) for row in answer.json["items"]]


def test_the_failed_stand_first_and_the_newest_first_among_equals() -> None:
    crm = Crm()
    ids = {key: publish(crm, key) for key in ("a", "b", "c")}
    fail(crm, ids["a"], "aviv")
    fail(crm, ids["b"], "aviv")
    whole = rows(crm.publications())
    assert whole[:2] == [("b", "aviv", "problem"), ("a", "aviv", "problem")]
    assert [row[0] for row in whole[2:]] == ["c", "c", "b", "a"]
    assert {row[2] for row in whole[2:]} == {"pending"}
    assert rows(crm.publications("health=problem")) == whole[:2]
    assert rows(crm.publications("health=live")) == []


@pytest.mark.parametrize("limit", [1, 2, 5, 12])
@pytest.mark.parametrize("health", ["", "&health=pending"])
def test_pages_lose_and_repeat_nothing(limit: int, health: str) -> None:
    crm = Crm()
    fail(crm, publish(crm, "a"), "imovirtual")
    for key in "bcdef":
        publish(crm, key)
    found, token = [], ""
    while True:
        answer = crm.publications(f"limit={limit}{health}{token}")
        assert len(rows(answer)) <= limit
        found += rows(answer)
        if "nextToken" not in answer.json:
            break
        token = f"&nextToken={answer.json['nextToken']}"
    assert found == rows(crm.publications(health[1:]))
    assert len(set(found)) == len(found) == (11 if health else 12)


def test_who_must_act_and_the_hint_in_the_language_asked_for() -> None:
    crm = Crm()
    fail(crm, publish(crm, "a"), "aviv")
    answer = crm.publications("health=problem", accept_language="fr-FR,fr;q=0.9")
    (portal,) = answer.json["items"][0]["portals"]
    assert portal["problem"] == {
        "code": "missing_field",
        "actor": "agency",
        "retriable": False,
        "field": MISSING.field,
        "detail": MISSING.detail,
        "hint": CATALOGUE["missing_field"].fr,
    }
    assert answer.headers["content-language"] == "fr"
    (portal,) = crm.publications("health=problem").json["items"][0]["portals"]
    assert portal["problem"]["hint"] == CATALOGUE["missing_field"].en


def test_a_row_names_its_listing() -> None:
    crm = Crm()
    body = change(
        make_body(key="ref-1"), "/data/texts/headline", {"pt": "Apartamento", "fr": "Appartement", "en": "Flat"}
    )
    crm.look(crm.post(body).json["classifiedId"])
    (row,) = crm.publications().json["items"]
    assert (row["offererEstateId"], row["title"], row["city"]) == ("ref-1", "Flat", body["data"]["location"]["city"])
    (row,) = crm.publications(accept_language="fr").json["items"]
    assert row["title"] == "Appartement"


@pytest.mark.parametrize("texts", [None, {"headline": {}}, {"headline": {"de": "x" * 500}}])
def test_a_title_is_short_or_left_out(texts: Any) -> None:
    crm = Crm()
    body = change(make_body(), "/data/texts", texts)
    if texts is None:
        del body["data"]["texts"]
    crm.look(crm.post(body).json["classifiedId"])
    (row,) = crm.publications().json["items"]
    assert len(row.get("title", "")) == (200 if texts and texts["headline"] else 0)


def test_another_customers_listings_are_not_there() -> None:
    crm = Crm()
    publish(crm, "a")
    crm.customer = "agency-0099"
    assert rows(crm.publications()) == []


@pytest.mark.parametrize(
    "query", ["health=bad", "health=", "health=live&health=off", "limit=0", "limit=1001", "nextToken=x"]
)
def test_what_is_no_question_is_refused(query: str) -> None:
    answer = Crm().publications(query)
    assert (answer.status, answer.faults) == (400, {query.partition("=")[0]})


def test_a_token_of_another_list_is_refused() -> None:
    crm = Crm()
    publish(crm, "a")
    publish(crm, "b")
    token = crm.publications("limit=1").json["nextToken"]
    assert crm.publications(f"health=problem&nextToken={token}").faults == {"nextToken"}
    assert crm.list(f"nextToken={token}").faults == {"nextToken"}
    classifieds = crm.list("limit=1").json["nextToken"]
    assert crm.publications(f"nextToken={classifieds}").faults == {"nextToken"}
