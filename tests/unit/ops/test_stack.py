"""Finding a deployed hub, before anything is asked of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import pytest
from rich.console import Console

from ops import reconcile, sweep
from ops.errors import OpsError
from ops.stack import Stack, open_stack
from placard import bootstrap
from placard.use_cases.compare_portals import Account


class Connected:
    """Which accounts are connected."""

    def accounts(self, customer: str) -> tuple[Account, ...]:
        return tuple(one for one in (Account("olx", "acme", "otodom"),) if one.customer == customer)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.setenv(name, "")  # so that what the tool sets is undone
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setattr("ops.stack._read_variables", lambda _: {})
    yield
    bootstrap.use()


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({"AWS_REGION": "eu-west-3"}, "eu-west-3"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
        ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),  # where `sam deploy` put it
    ],
)
def test_either_variable_names_the_region(
    monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str], region: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert open_stack("placard-production").client("sqs").meta.region_name == region
    assert os.environ["AWS_REGION"] == region  # what the compiled client of DynamoDB reads first


def test_without_a_region_nothing_is_asked() -> None:
    with pytest.raises(OpsError, match="AWS_DEFAULT_REGION"):
        open_stack("placard-production")


def test_a_misspelt_customer_is_not_one_at_which_all_is_well() -> None:
    bootstrap.use(compare_portals=Connected())
    stack, console = Stack("placard"), Console()
    for given in ({"PLAN": "1", "CUSTOMER": "acne"}, {"APPLY": "1", "RELEASE": "acne"}):
        with pytest.raises(OpsError, match="No account of 'acne' is connected"):
            reconcile.run(given, stack, console)
    with pytest.raises(OpsError, match="No spotahome account of 'acme' is connected"):
        sweep.run({"RELEASE": "acme"}, stack, console)
