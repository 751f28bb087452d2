"""What every vault promises (design §3)."""

from __future__ import annotations

from placard.domain.instants import MINUTE
from placard.ports import Credentials, Secret
from tests.fakes import FakeClock
from tests.fakes.clock import NOON

TOKEN = {"access": "é" * 3000, "expires": 17, "scopes": ["a"]}


def test_secret_comes_back_with_its_version(vault: Credentials) -> None:
    assert vault.read("olx/app") is None
    assert vault.write("olx/app", TOKEN, 0)
    assert vault.read("olx/app") == Secret(TOKEN, 1)


def test_second_writer_of_a_version_is_refused(vault: Credentials) -> None:
    vault.write("olx/app", {"n": 1}, 0)
    assert not vault.write("olx/app", {"n": 2}, 0)
    assert vault.write("olx/app", {"n": 3}, 1)
    assert not vault.write("olx/app", {"n": 4}, 1)
    assert not vault.write("olx/other", {"n": 4}, 1)
    assert vault.read("olx/app", fresh=True) == Secret({"n": 3}, 2)


def test_own_write_is_read_at_once(vault: Credentials) -> None:
    vault.write("olx/app", {"n": 1}, 0)
    vault.read("olx/app")
    vault.write("olx/app", {"n": 2}, 1)
    assert vault.read("olx/app") == Secret({"n": 2}, 2)


def test_lease_has_one_holder_until_its_end(vault: Credentials) -> None:
    assert vault.lease("aviv/token/a", NOON + MINUTE, NOON)
    assert not vault.lease("aviv/token/a", NOON + 2 * MINUTE, NOON + MINUTE - 1)
    assert vault.lease("aviv/token/b", NOON + MINUTE, NOON)
    assert vault.lease("aviv/token/a", NOON + 3 * MINUTE, NOON + MINUTE)


def test_lease_on_a_name_without_a_secret_makes_none(vault: Credentials) -> None:
    vault.lease("aviv/token/a", NOON + MINUTE, NOON)
    assert vault.read("aviv/token/a") is None
    assert vault.write("aviv/token/a", {"n": 1}, 0)
    assert vault.read("aviv/token/a") == Secret({"n": 1}, 1)


def test_write_ends_the_lease(vault: Credentials) -> None:
    vault.write("aviv/token/a", {"n": 1}, 0)
    vault.lease("aviv/token/a", NOON + MINUTE, NOON)
    vault.write("aviv/token/a", {"n": 2}, 1)
    assert vault.lease("aviv/token/a", NOON + MINUTE, NOON)


def test_missing_secret_is_looked_for_each_time(vault: Credentials, clock: FakeClock) -> None:
    assert vault.read("olx/app") is None
    vault.write("olx/app", {"n": 1}, 0)
    clock.advance(1)
    assert vault.read("olx/app") == Secret({"n": 1}, 1)


def test_names_are_listed_by_how_they_begin(vault: Credentials) -> None:
    for name in ("spotahome/accounts/b", "spotahome/accounts/a", "spotahome/token/a", "olx/app"):
        vault.write(name, {"secret": name}, 0)
    vault.lease("spotahome/accounts/c", NOON + 1, NOON)
    assert vault.list_names("spotahome/accounts/") == ("spotahome/accounts/a", "spotahome/accounts/b")
    assert vault.list_names("aviv/") == ()
