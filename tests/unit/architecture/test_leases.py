"""Who holds a lease is gone when it ends: a function's own limit comes first (lifecycle §7, step 3)."""

import pytest

from tests.template import list_resources

LEASING = {
    name: (int(one["Environment"]["Variables"]["LEASE_SECONDS"]), one["Timeout"])
    for name, one in list_resources("AWS::Serverless::Function").items()
    if "LEASE_SECONDS" in one.get("Environment", {}).get("Variables", {})
}


def test_who_calls_portals_and_crms_leases() -> None:
    assert set(LEASING) == {"DeliverPublicationFunction", "NotifyCrmFunction", "PollSpotahomeFunction"}


@pytest.mark.parametrize("function", LEASING)
def test_a_lease_outlives_whoever_took_it(function: str) -> None:
    lease, timeout = LEASING[function]
    assert lease >= timeout + 20


@pytest.mark.parametrize("function", ["DeliverPublicationFunction", "NotifyCrmFunction"])
def test_a_look_has_a_minute_to_spare(function: str) -> None:
    lease, timeout = LEASING[function]
    assert lease >= timeout + 60
