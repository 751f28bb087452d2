"""The evidence of an answer: what was asked and answered, in short and without secrets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from placard.aws.observability import explain_fault
from placard.domain.answers import Answer, Result
from placard.domain.errors import CredentialsError, PortalError, PortalRejectedError, PortalUnavailableError
from placard.domain.problems import Problem
from placard.portals.base import Reply, Wire, quote_exchange, quote_reading
from tests.fakes.clock import FakeClock

URL = "https://portal.test/advert/v1/advert-1?secret=1"


def call(answer: Callable[[httpx.Request], httpx.Response]) -> Reply:
    wire = Wire(FakeClock(), httpx.Client(transport=httpx.MockTransport(answer)))
    return wire.call("PUT", URL, headers={"Authorization": "Bearer sesame"}, body={}, account="agency-1")


def test_a_success_names_the_call_the_status_and_the_traces() -> None:
    reply = call(lambda _: httpx.Response(202, headers={"traceparent": "00-abc"}, json={"much": "said"}))
    answer = quote_exchange(reply, lambda: Answer(Result.ACCEPTED, transaction="t-1"))
    assert answer.exchange == "PUT /advert/v1/advert-1 → HTTP 202; trace 00-abc; transaction t-1"


def test_a_refusal_quotes_the_portal_without_the_credentials_it_was_shown() -> None:
    said = 'no: {"access_token": "sesame", "seen": "Bearer sesame"}' + 600 * "x"
    reply = call(lambda _: httpx.Response(400, text=said))

    def refuse() -> Answer:
        raise PortalRejectedError("no", ())

    with pytest.raises(PortalError) as caught:
        quote_exchange(reply, refuse)
    exchange = caught.value.exchange or ""
    assert exchange.startswith("PUT /advert/v1/advert-1 → HTTP 400; no: {")
    assert "sesame" not in exchange
    assert len(exchange) < 560


def test_what_was_read_is_kept_in_short_and_without_credentials() -> None:
    said = {"state": {"code": "active"}, "seen": "Bearer sesame", "image": "x" * 600}
    evidence = quote_reading("GET /advert/v1/advert-1/meta", said)
    assert evidence.startswith('GET /advert/v1/advert-1/meta → {"state":{"code":"active"}')
    assert "sesame" not in evidence
    assert len(evidence) == 500


def lose(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("gone")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda _: httpx.Response(503, text="down"), "PUT /advert/v1/advert-1 → HTTP 503; down"),
        (lambda _: httpx.Response(429), "PUT /advert/v1/advert-1 → HTTP 429"),
        (lose, "PUT /advert/v1/advert-1 → no answer: ReadTimeout"),
    ],
)
def test_a_call_that_failed_says_how(answer: Callable[[httpx.Request], httpx.Response], told: str) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        call(answer)
    assert caught.value.exchange == told


@pytest.mark.parametrize(("status", "failed"), [(200, False), (404, False), (429, True), (502, True)])
def test_each_call_is_timed_in_the_log_which_says_nothing_else(
    status: int, failed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with suppress(PortalUnavailableError):
        call(lambda _: httpx.Response(status, text="secret"))
    (line,) = [record for record in caplog.records if record.getMessage() == "a portal call ended"]
    told = {name: value for name, value in vars(line).items() if name in ("provider", "account", "failed")}
    assert told == {"provider": None, "account": "agency-1", "failed": failed}
    assert vars(line)["milliseconds"] >= 0


def test_of_a_portals_words_only_codes_are_for_the_log() -> None:
    problem = Problem.quote("moderated", "call +351 912 000 111")
    rejected = PortalRejectedError("Marta, +351 912 000 111", (problem,), status_code=422)
    assert rejected.in_short == "HTTP 422 moderated"
    assert CredentialsError(problem, status_code=403).in_short == "HTTP 403 moderated"
    assert explain_fault(rejected) == "PortalRejectedError: HTTP 422 moderated"
    assert explain_fault(PortalUnavailableError("no answer", taken=True)) == "PortalUnavailableError: no answer"
