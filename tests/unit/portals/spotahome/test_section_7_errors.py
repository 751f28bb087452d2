"""Contract §7: each status and what the hub does; `type` never tells errors apart."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from placard.domain.errors import CredentialsError, PortalError, PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from tests.fakes import FakeClock
from tests.unit.portals.scene import CUSTOMER, Portal, make_call, make_classified, read_contract
from tests.unit.portals.spotahome.stage import error, make_body, make_poller, make_publisher


def sweep(answer: httpx.Response | Exception) -> PortalError:
    with pytest.raises(PortalError) as caught:
        make_poller(Portal(answer), FakeClock()).page(CUSTOMER, 1)
    return caught.value


def create(answer: httpx.Response, body: Any = None) -> PortalError:
    publisher, body = make_publisher(Portal(answer), FakeClock()), body or make_body()
    rendering = publisher.render(make_classified(body), "spotahome")
    with pytest.raises(PortalError) as caught:
        publisher.send(make_call(Operation.POST, "spotahome", body, rendering.payload))
    return caught.value


def test_400_is_permanent_and_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    caught = create(error(400))
    assert isinstance(caught, PortalRejectedError)
    assert [problem.code for problem in caught.problems] == ["rejected_by_portal"]
    assert [record.levelname for record in caplog.records if "cannot read" in record.message] == ["ERROR"]


def test_401_is_refreshed_once_then_the_agencys() -> None:
    caught = sweep(error(401))
    assert isinstance(caught, CredentialsError)
    assert caught.problem.code == "credentials_invalid"


def test_404_is_success_on_a_cancellation_and_else_permanent() -> None:
    poller = make_poller(Portal(error(404)), FakeClock())
    poller.cancel(CUSTOMER, 7)
    for agent in ("b1c7e4aa-52d3-4d8e-9c67-0d4f8e21a733", None):
        with pytest.raises(PortalRejectedError) as caught:
            poller.assign(CUSTOMER, 7, agent)
        assert caught.value.status_code == 404


def test_a_page_of_a_proxy_is_no_404() -> None:
    poller = make_poller(Portal(httpx.Response(404, html="<html>no route</html>")), FakeClock())
    with pytest.raises(PortalUnavailableError):
        poller.cancel(CUSTOMER, 7)


def test_409_is_told_with_its_status() -> None:
    poller = make_poller(Portal(error(409)), FakeClock())
    with pytest.raises(PortalRejectedError) as caught:
        poller.cancel(CUSTOMER, 48213)
    assert caught.value.status_code == 409
    assert str(caught.value) == read_contract("spotahome/error_409.json")["detail"]


def test_422_maps_its_fields_back_to_the_crms() -> None:
    messages = {
        "location.postalCode": {"stringLength": "too short", "regex": "no digits"},
        "cityId": {"inArray": "unknown"},
        "ownerId": {},
        "somethingElse": {"rule": "text"},
    }
    said = {**read_contract("spotahome/error_422.json"), "validationMessages": messages}
    caught = create(httpx.Response(422, json=said), make_body(overrides={"cityId": "madrid"}))
    assert isinstance(caught, PortalRejectedError)
    assert [(problem.code, problem.field) for problem in caught.problems] == [
        ("invalid_field", "/data/location/postalcode"),
        ("invalid_field", "/data/location/postalcode"),
        ("invalid_field", "/specific/spotahome/cityId"),
        ("invalid_field", "/specific/spotahome/ownerId"),
        ("invalid_field", None),
    ]
    assert caught.problems[0].detail == "location.postalCode: too short"


@pytest.mark.parametrize("change", [{"type": "`http://cut off"}, {"type": None}, {"validationMessages": None}])
def test_422_is_read_leniently(change: dict[str, Any]) -> None:
    caught = create(httpx.Response(422, json={**read_contract("spotahome/error_422.json"), **change}))
    assert isinstance(caught, PortalRejectedError)
    assert {problem.code for problem in caught.problems} == {"invalid_field"}


@pytest.mark.parametrize(("headers", "wait"), [({}, 60_000), ({"Retry-After": "7"}, 7_000)])
def test_429_waits_as_told_else_a_minute(headers: dict[str, str], wait: int) -> None:
    caught = sweep(httpx.Response(429, headers=headers))
    assert isinstance(caught, PortalUnavailableError)
    assert (caught.throttled, caught.taken, caught.wait) == (True, False, wait)


@pytest.mark.parametrize("failure", [error(500), httpx.Response(503), httpx.ReadTimeout("late")])
def test_5xx_and_a_timeout_are_tried_again(failure: httpx.Response | Exception) -> None:
    assert isinstance(sweep(failure), PortalUnavailableError)


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_the_type_of_a_problem_says_nothing(status: int) -> None:
    said = {**read_contract(f"spotahome/error_{status}.json"), "type": "about:blank#404"}
    caught = create(httpx.Response(status, json=said))
    assert isinstance(caught, PortalRejectedError)
    assert caught.status_code == status
