"""Every call of the layer to AWS, a portal or a CRM is cut off on some way of the campaign, or says why on none."""

import json

import pytest

from crashes.points import LAYER, NOT_CUT_OFF, PASSED, list_sites, why_not

WAYS: dict[str, list[str]] = json.loads(PASSED.read_text())


# What opens a connection → the files that do; the injector stands behind these doors and knows no others.
DOORS = {
    "DynamoDBClient(": {"aws/engine.py"},
    "KmsEncryptor(": {"aws/engine.py"},
    "boto3.client(": {"aws/queues.py", "aws/dead_letters.py"},
    "httpx.Client(": {"portals/base.py"},
    "httpcore.HTTPConnection(": {"callbacks/sender.py"},
}


@pytest.mark.parametrize("door", DOORS)
def test_nobody_calls_the_world_by_a_door_of_its_own(door: str) -> None:
    found = {path.relative_to(LAYER).as_posix() for path in LAYER.rglob("*.py") if door in path.read_text()}
    assert found == DOORS[door]


@pytest.mark.parametrize("site", list_sites())
def test_a_site_is_cut_off_or_says_why_not(site: str) -> None:
    assert site in WAYS or why_not(site), f"{site} ({list_sites()[site]}): `make crashes` has not passed it yet"


def test_nothing_is_excused_or_passed_that_is_not_there() -> None:
    assert set(WAYS) <= set(list_sites())
    for name in NOT_CUT_OFF:
        assert any(site == name or site.startswith(f"{name}.") for site in list_sites()), name
