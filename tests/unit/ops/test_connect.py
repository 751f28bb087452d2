"""Connecting from a terminal: what is asked, what is stored, and what is refused before anything is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.console import Console

from ops import connect
from ops.errors import OpsError
from placard import bootstrap
from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalError, PortalUnavailableError
from placard.domain.problems import Problem
from placard.ports import ListedPage
from placard.use_cases.compare_portals import Account
from tests.fakes import FakeClock, MemoryVault

APP = {"client_id": "c", "client_secret": "s", "api_key": "k", "notification_secret": "n-1"}
CONSOLE = Console(file=io.StringIO(), width=240)


class Consents:
    """A page of consent that nobody has to visit."""

    def __init__(self, refusal: PortalError | None = None) -> None:
        self.refusal, self.traded = refusal, list[tuple[str, ...]]()

    def address(self, channel: str, state: str) -> str:
        return f"https://{channel}.test/?state={state}"

    def trade(self, *what: str) -> None:
        self.traded.append(what)
        if self.refusal is not None:
            raise self.refusal


class Listed:
    """Which accounts are connected, and how each one's portal answers."""

    def __init__(self, *accounts: Account, error: PortalError | None = None) -> None:
        self._accounts, self.error = accounts, error

    def accounts(self, customer: str | None = None) -> tuple[Account, ...]:
        return tuple(one for one in self._accounts if customer in (None, one.customer))

    def list_adverts(self, *_: Any) -> ListedPage:
        if self.error is not None:
            raise self.error
        return ListedPage(())


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    yield MemoryVault(FakeClock())
    bootstrap.use()


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Answers the questions, in order, from a pipe."""

    def answer(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return answer


def run(**given: str) -> int:
    return connect.run(given, None, CONSOLE)


def value_of(vault: MemoryVault, name: str) -> dict[str, Any]:
    stored = vault.read(name, fresh=True)
    assert stored is not None
    return dict(stored.value)


def use(vault: MemoryVault, consents: Consents | None = None, *, error: PortalError | None = None) -> Listed:
    listed = Listed(
        Account("aviv", "acme", "aviv"),
        Account("olx", "acme", "otodom"),
        Account("aviv", "other", "aviv"),
        error=error,
    )
    parts = {"compare_portals": listed, "lister aviv": listed, "lister olx": listed, "consents olx": consents}
    bootstrap.use(credentials=vault, **parts)
    return listed


def test_the_hubs_own_credentials_are_asked_for_and_a_new_secret_leaves_the_former_valid(
    vault: MemoryVault, say: Callable[..., None]
) -> None:
    use(vault)
    say(*APP.values())
    assert run(PORTAL="olx", APP="1") == 0
    assert value_of(vault, "olx/app") == APP
    say("", "", "", "n-2")
    assert run(PORTAL="olx", APP="1") == 0
    assert value_of(vault, "olx/app") == APP | {"notification_secret": "n-2", "previous_notification_secret": "n-1"}
    say("", "s-2", "", "")
    assert run(PORTAL="olx", APP="1") == 0
    renewed = {"client_secret": "s-2", "notification_secret": "n-2", "previous_notification_secret": "n-1"}
    assert value_of(vault, "olx/app") == APP | renewed


def test_the_hubs_own_credentials_are_tried_with_an_agency_where_there_is_one(
    vault: MemoryVault, say: Callable[..., None]
) -> None:
    use(vault, error=CredentialsError(Problem.of(Cause.NO_APP, portal="OLX"), status_code=403))
    say(*APP.values())
    assert run(PORTAL="olx", APP="1") == 1
    bootstrap.use(credentials=vault, compare_portals=Listed())
    say("", "", "", "")
    assert run(PORTAL="olx", APP="1") == 0
    assert "The first agency connected will try them." in CONSOLE.file.getvalue()  # type: ignore[attr-defined]


def test_the_key_of_the_callback_addresses_is_made_once_and_renewed_when_asked(
    vault: MemoryVault, say: Callable[..., None]
) -> None:
    use(vault)
    say("c", "s")
    run(PORTAL="aviv", APP="1")
    first = value_of(vault, "aviv/app")
    assert len(first["path_key"]) >= 32
    say("", "")
    run(PORTAL="aviv", APP="1")
    assert value_of(vault, "aviv/app") == first
    say("", "")
    run(PORTAL="aviv", APP="1", ROTATE="1")
    renewed = value_of(vault, "aviv/app")
    assert renewed["previous_path_key"] == first["path_key"] != renewed["path_key"]


def test_a_note_of_a_refusal_goes_when_the_credentials_are_stored_anew(
    vault: MemoryVault, say: Callable[..., None]
) -> None:
    use(vault)
    vault.write("olx/app", APP | {"refused": {"code": "credentials_app"}}, 0)
    say("", "", "", "")
    run(PORTAL="olx", APP="1")
    assert value_of(vault, "olx/app") == APP


def test_a_consent_is_traded_only_with_the_state_of_this_question(
    vault: MemoryVault, say: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    consents = Consents()
    use(vault, consents)

    def visit(question: str, **_: object) -> str:
        page = urlsplit(CONSOLE.file.getvalue().split()[-1])  # type: ignore[attr-defined] - a StringIO
        return f"https://hub.test/back?code=c-1&state={parse_qs(page.query)['state'][0]}"

    monkeypatch.setattr(connect, "ask", visit)
    assert run(PORTAL="otodom", CUSTOMER="acme", ACCOUNT="second") == 0
    assert consents.traded == [("acme", "otodom", "second", "c-1")]
    monkeypatch.setattr(connect, "ask", lambda *_, **__: "https://hub.test/back?code=c-2&state=another")
    with pytest.raises(OpsError, match="its state is another one"):
        run(PORTAL="otodom", CUSTOMER="acme")
    assert len(consents.traded) == 1


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (CredentialsError(Problem.of(Cause.CONSENT_REVOKED), status_code=400), "good once, and for a minute"),
        (CredentialsError(Problem.of(Cause.NO_APP, portal="OLX")), "no credentials for OLX"),
        (PortalUnavailableError("HTTP 502", taken=True), "gave no tokens: HTTP 502"),
    ],
)
def test_a_consent_that_fails_says_what_to_do(
    vault: MemoryVault, monkeypatch: pytest.MonkeyPatch, refusal: PortalError, said: str
) -> None:
    use(vault, Consents(refusal))
    monkeypatch.setattr(connect, "_read_code", lambda *_: "c-1")
    monkeypatch.setattr(connect, "ask", lambda *_, **__: "")
    with pytest.raises(OpsError, match=said):
        run(PORTAL="otodom", CUSTOMER="acme")


def test_accounts_of_the_others_are_stored_as_answered(vault: MemoryVault, say: Callable[..., None]) -> None:
    use(vault)
    say("RC-000123")
    assert run(PORTAL="aviv", CUSTOMER="acme") == 0
    assert value_of(vault, "aviv/accounts/acme") == {"main": {"intermediary_id": "RC-000123"}}
    for name, owner in (("main", ""), ("second", "o-1")):
        say(f"{name}@agency.test", "p", owner)
        with pytest.raises(OpsError, match="No such account"):  # nobody has told the fake that it is connected
            run(PORTAL="spotahome", CUSTOMER="acme", ACCOUNT=name)
    assert value_of(vault, "spotahome/accounts/acme") == {
        "main": {"email": "main@agency.test", "password": "p"},
        "second": {"email": "second@agency.test", "password": "p", "owner_id": "o-1"},
    }


def test_a_check_tells_each_account_apart_and_fails_when_one_does_not_answer(
    vault: MemoryVault, capsys: pytest.CaptureFixture[str]
) -> None:
    use(vault)
    assert run(CHECK="1") == 0
    assert run(CHECK="1", CUSTOMER="acme", PORTAL="otodom") == 0
    assert run(CHECK="1", PORTAL="olx") == 0
    use(vault, error=CredentialsError(Problem.of(Cause.ACCOUNT_REFUSED, portal="AVIV"), status_code=401))
    assert run(CHECK="1") == 1
    assert "credentials_invalid: AVIV gives no token" in CONSOLE.file.getvalue()  # type: ignore[attr-defined]
    use(vault, error=PortalUnavailableError("HTTP 503", taken=False))
    assert run(CHECK="1") == 1
    with pytest.raises(OpsError, match="No such account"):
        run(CHECK="1", CUSTOMER="nobody")


def test_a_check_waits_for_what_the_hub_itself_is_about_to_end(
    vault: MemoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewing = PortalUnavailableError("somebody else is renewing the token", taken=False, wait=1_000)
    listed = use(vault, error=renewing)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        listed.error = None if len(slept) == 2 else listed.error

    monkeypatch.setattr("ops.connect.time.sleep", sleep)
    assert run(CHECK="1", PORTAL="otodom") == 0
    assert slept == [1, 1]
    listed.error = PortalUnavailableError("the breaker is open", taken=False, wait=60_000)
    assert run(CHECK="1", PORTAL="otodom") == 1
    assert slept == [1, 1]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"PORTAL": "aviv"},
        {"PORTAL": "SL", "CUSTOMER": "acme"},
        {"PORTAL": "spotahome", "APP": "1"},
        {"APP": "1"},
        {"PORTAL": "aviv", "CUSTOMER": "a/b"},
    ],
)
def test_what_is_not_understood_is_refused(vault: MemoryVault, say: Callable[..., None], given: dict[str, str]) -> None:
    use(vault)
    say()
    with pytest.raises(OpsError):
        run(**given)
    assert vault.list_names("") == ()


def test_a_pipe_that_ends_is_no_answer(vault: MemoryVault, say: Callable[..., None]) -> None:
    use(vault)
    say("c")
    with pytest.raises(OpsError, match="client_secret: an answer is needed"):
        run(PORTAL="aviv", APP="1")
    assert vault.list_names("") == ()
