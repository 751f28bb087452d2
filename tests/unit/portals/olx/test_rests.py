"""A credential that is refused rests, for all instances, until an hour is over or another one takes its place."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import CredentialsError, PortalUnavailableError, StoreUnavailableError
from placard.domain.events import Operation
from placard.domain.instants import DAY, HOUR
from placard.portals.olx.mapping import name_advert
from placard.portals.olx.publisher import OlxPublisher
from placard.portals.resting import REST
from placard.ports import Question
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.olx.stage import APP, TOKEN, make_body, make_vault
from tests.unit.portals.olx.told import row
from tests.unit.portals.scene import CUSTOMER, Portal, answer_of, make_call, make_classified, make_publication

EXPIRED = answer_of("olx/response_error_403_expired_token.json")
GRANTED = answer_of("olx/response_token_200.json")
TAKEN = answer_of("olx/response_advert_put_202.json")
BAD_KEY = answer_of("olx/response_error_403_invalid_api_key.json")
BAD_CLIENT = answer_of("olx/response_error_403_client_credentials.json")
BAD_REFRESH = httpx.Response(400, json={"message": "Refresh token doesn't exist"})

# What OLX answers, and who must act.
REFUSALS = {
    "consent gone, after a renewal": ((EXPIRED, GRANTED, EXPIRED), "consent_revoked"),
    "refresh token refused": ((EXPIRED, BAD_REFRESH), "consent_revoked"),
    "API key refused": ((BAD_KEY,), "credentials_app"),
    "client refused at a renewal": ((EXPIRED, BAD_CLIENT), "credentials_app"),
}


class Instances:
    """Several containers of one hub: the vault is everybody's, each has its own cache of it."""

    def __init__(self, *answers: httpx.Response, scale: float = 1.0, **token: Any) -> None:
        self.clock = FakeClock()
        self.portal = Portal(*answers)
        self.vault = make_vault(self.clock, **token)
        self.scale = scale

    def make(self) -> OlxPublisher:
        view = MemoryVault(self.clock)
        view._secrets, view._leases = self.vault._secrets, self.vault._leases
        return OlxPublisher(
            "https://api.olxgroup.com", view, self.clock, time_scale=self.scale, client=self.portal.client
        )

    def replace(self, name: str, **members: Any) -> None:
        """Store another credential, as an operator or a new consent does."""
        stored = self.vault.read(name, fresh=True)
        assert stored is not None
        assert self.vault.write(name, {**stored.value, **members}, stored.version)


def send(publisher: OlxPublisher, key: str = "e-1", channel: str = "imovirtual") -> Any:
    body = make_body(metaData={"source": {"offererEstateId": key}})
    return publisher.send(make_call(Operation.PUT, channel, body, {}))


def refused(publisher: OlxPublisher, key: str = "e-1", channel: str = "imovirtual") -> str:
    with pytest.raises(CredentialsError) as caught:
        send(publisher, key, channel)
    return caught.value.problem.code


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    """The errors logged so far: an alarm counts them."""
    errors: list[logging.LogRecord] = []

    class Errors(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(record)

    handler = Errors(logging.ERROR)
    logging.getLogger("placard").addHandler(handler)
    yield errors
    logging.getLogger("placard").removeHandler(handler)


@row("§6 403 after refresh", "§6 403 unknown API key; bad client credentials")
@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_is_not_tried_again_by_anybody_and_said_once(
    name: str, logged: list[logging.LogRecord]
) -> None:
    answers, code = REFUSALS[name]
    hub = Instances(*answers, TAKEN)
    assert refused(hub.make()) == code
    calls = len(hub.portal.requests)
    assert calls == len(answers)
    others = [hub.make() for _ in range(3)]
    for number in range(50):
        assert refused(others[number % 3], f"e-{number}") == code
    assert len(hub.portal.requests) == calls, "fifty listings, not one call"
    assert [record.getMessage() for record in logged] == ["OLX refuses a credential"]


@row("§6 403 after refresh")
@pytest.mark.parametrize("name", REFUSALS)
def test_a_rest_is_an_hour_and_then_one_call_finds_out(name: str) -> None:
    answers, code = REFUSALS[name]
    renewed = GRANTED in answers  # its token has run out in that hour
    hub = Instances(*answers, *([GRANTED] if renewed else []), TAKEN, expires_at=FakeClock().now() + DAY)
    publisher = hub.make()
    assert refused(publisher) == code
    hub.clock.advance(REST - 1)
    assert refused(publisher) == code
    hub.clock.advance(1)
    assert len(hub.portal.requests) == len(answers)
    assert send(publisher).result is Result.ACCEPTED


def test_a_rest_is_scaled_in_the_sandbox() -> None:
    hub = Instances(BAD_KEY, TAKEN, scale=1 / 60)
    refused(hub.make())
    hub.clock.advance(HOUR // 60)
    assert send(hub.make()).result is Result.ACCEPTED


NEW_CONSENT = {"refresh_token": "demo-refresh-token-9", "access_token": "fresh"}


@row("§6 403 after refresh")
@pytest.mark.parametrize("name", ["consent gone, after a renewal", "refresh token refused"])
def test_a_new_consent_works_at_once(name: str) -> None:
    hub = Instances(*REFUSALS[name][0], TAKEN)
    publisher = hub.make()
    refused(publisher)
    assert refused(publisher) == "consent_revoked"
    hub.replace(TOKEN, **NEW_CONSENT, expires_at=hub.clock.now() + HOUR)
    assert send(publisher).result is Result.ACCEPTED, "although its cache still held the former one"
    assert hub.portal.requests[-1].headers["authorization"] == "Bearer fresh"


@row("§6 403 unknown API key; bad client credentials")
@pytest.mark.parametrize("members", [{"api_key": "another"}, {"client_id": "another"}, {"client_secret": "another"}])
def test_corrected_credentials_of_the_app_work_at_once(members: dict[str, str]) -> None:
    hub = Instances(BAD_KEY, TAKEN)
    publisher = hub.make()
    assert refused(publisher) == "credentials_app"
    hub.replace("olx/app", notification_secret="rotated")
    assert refused(publisher) == "credentials_app", "another secret of the app, but the same credential"
    hub.replace("olx/app", **members)
    assert send(publisher).result is Result.ACCEPTED


@row("§6 403 unknown API key; bad client credentials")
def test_the_apps_rest_is_every_accounts_and_an_accounts_rest_only_its_own() -> None:
    hub = Instances(BAD_KEY, TAKEN)
    other = f"olx/token/{CUSTOMER}/otodom/main"
    hub.vault.write(f"olx/accounts/{CUSTOMER}/otodom", {"main": {}}, 0)
    hub.vault.write(other, {"access_token": "polish", "refresh_token": "r", "expires_at": hub.clock.now() + DAY}, 0)
    refused(hub.make())
    assert refused(hub.make(), channel="otodom") == "credentials_app"

    hub = Instances(EXPIRED, BAD_REFRESH, TAKEN)
    hub.vault.write(f"olx/accounts/{CUSTOMER}/otodom", {"main": {}}, 0)
    hub.vault.write(other, {"access_token": "polish", "refresh_token": "r", "expires_at": hub.clock.now() + DAY}, 0)
    refused(hub.make())
    assert send(hub.make(), channel="otodom").result is Result.ACCEPTED


@pytest.mark.parametrize("name", REFUSALS)
def test_readings_and_searches_rest_too(name: str) -> None:
    answers, _ = REFUSALS[name]
    hub = Instances(*answers, TAKEN)
    refused(hub.make())
    publisher, classified = hub.make(), make_classified(make_body())
    question = Question(
        make_publication("imovirtual", "IMOVIRTUAL"), classified, publisher.render(classified, "imovirtual")
    )
    with pytest.raises(CredentialsError):
        publisher.read(question)
    with pytest.raises(CredentialsError):
        publisher.search(classified, "imovirtual")
    assert len(hub.portal.requests) == len(answers)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_of_what_was_replaced_meanwhile_says_nothing_of_the_new_one(
    name: str, logged: list[logging.LogRecord]
) -> None:
    answers, code = REFUSALS[name]
    hub = Instances(*answers, TAKEN)
    path = "olx/app" if code == "credentials_app" else TOKEN
    new = {"api_key": "another"} if code == "credentials_app" else NEW_CONSENT
    publisher = hub.make()
    answer = hub.portal._answer

    def replace_before_the_last(request: httpx.Request) -> httpx.Response:
        if len(hub.portal.requests) == len(answers) - 1:
            hub.replace(path, **new, expires_at=hub.clock.now() + HOUR)
        return answer(request)

    hub.portal.client._transport = httpx.MockTransport(replace_before_the_last)
    with pytest.raises(PortalUnavailableError) as caught:
        send(publisher)
    assert not caught.value.taken
    assert logged == []
    hub.clock.advance(HOUR // 2)
    hub.replace(TOKEN, expires_at=hub.clock.now() + HOUR)
    assert send(publisher).result is Result.ACCEPTED


def test_a_vault_that_cannot_note_it_changes_no_verdict() -> None:
    hub = Instances(BAD_KEY)
    publisher = hub.make()

    def fail(*_: Any) -> bool:
        raise StoreUnavailableError("down")

    publisher._tokens.credentials.write = fail  # type: ignore[method-assign]
    assert refused(publisher) == "credentials_app"


def test_a_renewal_that_works_leaves_no_note() -> None:
    hub = Instances(EXPIRED, BAD_REFRESH, GRANTED, TAKEN)
    refused(hub.make())
    hub.clock.advance(HOUR)
    assert send(hub.make()).result is Result.ACCEPTED
    kept = hub.vault.read(TOKEN, fresh=True)
    assert kept is not None
    assert set(kept.value) == {"access_token", "refresh_token", "expires_at"}


def test_no_note_and_no_log_line_carries_a_secret(logged: list[logging.LogRecord]) -> None:
    for answers, _ in REFUSALS.values():
        refused(Instances(*answers).make())
    secrets = (*APP.values(), "hub-demo-access-token", "demo-refresh-token", "demo-access-token")
    assert logged
    for record in logged:
        assert not any(secret in str(vars(record)) for secret in secrets)


# --- several accounts ------------------------------------------------------------------------------------------------


def make_three(*answers: httpx.Response) -> Instances:
    """Return a hub whose customer has three accounts; that of `main` has lost its consent."""
    hub = Instances(*answers, expires_at=0)
    hub.vault.write(f"olx/accounts/{CUSTOMER}/imovirtual", {"main": {}, "second": {}, "third": {}}, 1)
    for name in ("second", "third"):
        pair = {"access_token": name, "refresh_token": f"r-{name}", "expires_at": hub.clock.now() + DAY}
        hub.vault.write(f"olx/token/{CUSTOMER}/imovirtual/{name}", pair, 0)
    return hub


NONE_LISTED = httpx.Response(200, json={"data": []})


def listed_for(own_id: str) -> httpx.Response:
    return httpx.Response(200, json={"data": [{"uuid": "u-1", "custom_fields": {"id": own_id}}]})


def test_a_search_goes_on_where_one_accounts_consent_is_gone() -> None:
    classified = make_classified(make_body())
    hub = make_three(BAD_REFRESH, NONE_LISTED, listed_for(name_advert(classified)))
    assert hub.make().search(classified, "imovirtual") == ("u-1",)
    assert hub.portal.requests[-1].headers["authorization"] == "Bearer third"


def test_a_search_that_finds_nothing_does_not_hide_the_account_it_could_not_see() -> None:
    hub = make_three(BAD_REFRESH, NONE_LISTED)
    with pytest.raises(CredentialsError) as caught:
        hub.make().search(make_classified(make_body()), "imovirtual")
    assert caught.value.problem.code == "consent_revoked"
    assert len(hub.portal.requests) == 3


def test_a_search_stops_where_the_apps_own_credentials_are_refused() -> None:
    hub = make_three(BAD_CLIENT, NONE_LISTED)
    with pytest.raises(CredentialsError) as caught:
        hub.make().search(make_classified(make_body()), "imovirtual")
    assert caught.value.problem.code == "credentials_app"
    assert len(hub.portal.requests) == 1


def test_a_deletion_finds_its_account_behind_one_whose_consent_is_gone() -> None:
    found, deleted = httpx.Response(200, json={"data": {}}), answer_of("olx/response_advert_delete_202.json")
    hub = make_three(BAD_REFRESH, httpx.Response(404, json={}), found, deleted)
    hub.make().send(make_call(Operation.DELETE, "imovirtual", {}, {}, listed=()))
    assert hub.portal.requests[-1].method == "DELETE"
    assert hub.portal.requests[-1].headers["authorization"] == "Bearer third"
