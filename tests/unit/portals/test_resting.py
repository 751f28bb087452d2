"""A refused credential rests, and is tried again when it is replaced or an hour has passed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from placard.domain.errors import CredentialsError, PortalUnavailableError, StoreUnavailableError
from placard.domain.instants import HOUR, MINUTE
from placard.domain.problems import Problem
from placard.portals.resting import NOTE, REST, Credential, Rests, find_refusal, note_refusal
from tests.fakes import FakeClock, MemoryVault

NOW = 1_900_000_000_000
REFUSED = Problem("consent_revoked", "The account no longer lets the hub act for it.")
OF = {"account": 3}


def keep(scale: float = 1.0) -> Any:
    """Return a note as the vault gives it back."""
    return json.loads(json.dumps(note_refusal(REFUSED, OF, NOW, scale)))


@pytest.mark.parametrize("after", [0, REST - 1])
def test_while_it_rests_the_reason_is_the_same(after: int) -> None:
    assert find_refusal(keep(), OF, NOW + after) == REFUSED


def test_a_rest_ends() -> None:
    assert find_refusal(keep(), OF, NOW + REST) is None
    assert HOUR - 5 * MINUTE < REST < HOUR, "what is tried hourly finds it over"


def test_a_credential_that_was_replaced_may_be_tried() -> None:
    assert find_refusal(keep(), {"account": 4}, NOW) is None


def test_in_the_sandbox_a_rest_is_shorter() -> None:
    assert find_refusal(keep(scale=1 / 60), OF, NOW + REST // 60) is None


@pytest.mark.parametrize("note", [None, "x", {}, {"until": NOW + 1}, {**note_refusal(REFUSED, OF, NOW), "code": "new"}])
def test_what_is_no_note_stops_nobody(note: Any) -> None:
    assert find_refusal(note, OF, NOW) is None


# --- in the vault ----------------------------------------------------------------------------------------------------

OWN = "portal/app"
LOGIN, TOKEN = "portal/accounts/ag-12", "portal/token/ag-12"
SECRETS: dict[str, dict[str, Any]] = {
    OWN: {"key": "<key>", "rotating": "a"},
    LOGIN: {"main": {"email": "a@agency.test", "password": "<password>"}},
    TOKEN: {"access_token": "<token>"},
}
APP = Credential(OWN, {OWN: ("key",)})
ACCOUNT = Credential(TOKEN, {LOGIN: ("main",)})
# Of each kind: the secret to replace, what replaces it, and what does not.
KINDS = {
    "that carries its note": (APP, OWN, {"key": "<another>"}, {"rotating": "b"}),
    "whose token carries it": (
        ACCOUNT,
        LOGIN,
        {"main": {"email": "a@agency.test", "password": "<another>"}},
        {"b": {}},
    ),
}
kinds = pytest.mark.parametrize("kind", KINDS)
ERROR = CredentialsError(REFUSED, status_code=403)


class View(MemoryVault):
    """One container's view of the vault: the secrets are everybody's, the cache is its own. Counts what it reads of them."""

    def __init__(self, clock: FakeClock, vault: MemoryVault) -> None:
        super().__init__(clock)
        self._secrets, self._leases = vault._secrets, vault._leases
        self.reads: list[tuple[str, bool]] = []

    def read(self, name: str, *, fresh: bool = False) -> Any:
        self.reads.append((name, fresh))
        return super().read(name, fresh=fresh)


class Scene:
    """A vault and the containers that share it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.vault = MemoryVault(self.clock, SECRETS)

    def open(self) -> tuple[Rests, View]:
        view = View(self.clock, self.vault)
        return Rests("Portal", view, self.clock), view

    def change(self, name: str, members: Mapping[str, Any]) -> None:
        stored = self.vault.read(name, fresh=True)
        assert stored is not None
        assert self.vault.write(name, {**stored.value, **members}, stored.version)


def is_resting(take: Callable[[], Any]) -> bool:
    try:
        take()
    except CredentialsError as error:
        assert error.problem == REFUSED
        return True
    return False


@kinds
def test_a_refusal_is_everybodys_and_told_once(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    credential, scene = KINDS[kind][0], Scene()
    (first, _), (second, _) = scene.open(), scene.open()
    held, later = first.take(credential), second.take(credential)
    assert first.begin(held, ERROR) is ERROR
    assert second.begin(later, ERROR) is ERROR
    assert is_resting(lambda: first.take(credential))
    assert is_resting(lambda: scene.open()[0].take(credential))
    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [line.getMessage() for line in lines] == ["Portal refuses a credential"]
    assert "<" not in str({name: value for name, value in vars(lines[0]).items() if name not in ("msg", "args")})


@kinds
def test_a_rest_ends_by_itself(kind: str) -> None:
    credential, scene = KINDS[kind][0], Scene()
    rests, _ = scene.open()
    rests.begin(rests.take(credential), ERROR)
    scene.clock.advance(REST - 1)
    assert is_resting(lambda: rests.take(credential))
    scene.clock.advance(1)
    assert not is_resting(lambda: rests.take(credential))


@kinds
def test_one_look_ends_the_rest_of_what_was_replaced_and_nothing_else_does(kind: str) -> None:
    credential, name, replacing, beside = KINDS[kind]
    scene = Scene()
    rests, _ = scene.open()
    rests.begin(rests.take(credential), ERROR)
    scene.change(name, beside)
    assert is_resting(lambda: rests.take(credential))
    scene.change(name, replacing)
    assert not is_resting(lambda: rests.take(credential))


@kinds
def test_a_refusal_of_what_was_replaced_meanwhile_is_another_try(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    credential, name, replacing, _ = KINDS[kind]
    scene = Scene()
    rests, _ = scene.open()
    held = rests.take(credential)
    scene.change(name, replacing)
    error = rests.begin(held, ERROR)
    assert isinstance(error, PortalUnavailableError)
    assert (error.taken, error.status_code) == (False, 403)
    assert not is_resting(lambda: rests.take(credential))
    assert caplog.records == []


def test_a_refused_token_is_dropped_and_a_refused_secret_kept() -> None:
    scene = Scene()
    rests, _ = scene.open()
    for credential in (APP, ACCOUNT):
        rests.begin(rests.take(credential), ERROR)
    kept = {name: scene.vault.read(name, fresh=True) for name in SECRETS}
    members = {name: set(secret.value) for name, secret in kept.items() if secret is not None}
    assert members == {OWN: {"key", "rotating", NOTE}, LOGIN: {"main"}, TOKEN: {NOTE}}


def test_a_token_that_somebody_renewed_meanwhile_is_not_the_one_refused() -> None:
    scene = Scene()
    rests, _ = scene.open()
    assert isinstance(rests.begin_of_token(ACCOUNT, "<former>", ERROR), PortalUnavailableError)
    assert rests.begin_of_token(ACCOUNT, "<token>", ERROR) is ERROR
    assert is_resting(lambda: rests.take(ACCOUNT))


def test_in_the_good_case_nothing_is_read_but_the_credential() -> None:
    rests, view = Scene().open()
    rests.take(APP)
    assert view.reads == [(OWN, False)]


@kinds
def test_a_vault_that_cannot_note_it_changes_no_verdict(kind: str) -> None:
    credential = KINDS[kind][0]
    rests, view = Scene().open()
    held = rests.take(credential)

    def fail(*_: Any) -> bool:
        raise StoreUnavailableError("down")

    view.write = fail  # type: ignore[method-assign]
    assert rests.begin(held, ERROR) is ERROR
