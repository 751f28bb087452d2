"""openapi.yaml says what the handlers do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from functions.publish_classified import app as publish_classified
from functions.query_status import app as query_status
from placard.domain.channels import PORTALS, PROVIDER_OF
from placard.domain.events import AdvertState, Operation, Source
from placard.domain.lifecycle import Outcome, Word
from placard.domain.members import DISTRIBUTION_TYPES, ESTATE_TYPES
from placard.domain.problems import CATALOGUE
from placard.domain.refusals import ErrorSource
from tests.unit.api.crm import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
METHODS = {"get", "put", "post", "delete"}


def find(pointer: str) -> Any:
    """Return what a path of member names leads to."""
    value: Any = DOCUMENT
    for name in pointer.split("/"):
        value = value[name]
    return value


def test_every_route_is_described_and_nothing_else() -> None:
    described = {
        f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item.keys() & METHODS
    }
    assert described == publish_classified.ROUTES.keys() | query_status.ROUTES.keys()


def test_the_document_is_openapi() -> None:
    validate(DOCUMENT)


@pytest.mark.parametrize(
    ("pointer", "values"),
    [
        ("Portal/enum", PORTALS),
        ("Status/enum", Word),
        ("Classified/properties/data/properties/estateType/enum", ESTATE_TYPES),
        ("Classified/properties/data/properties/distributionType/enum", DISTRIBUTION_TYPES),
        ("StatusEntry/properties/channel/enum", PROVIDER_OF),
        ("StatusEntry/properties/outcome/enum", Outcome),
        ("StatusEntry/properties/source/enum", Source),
        ("StatusEntry/properties/advert/properties/state/enum", AdvertState),
        ("StatusEntry/properties/advert/properties/nextOperations/items/enum", Operation),
        ("PortalProblem/properties/actor/enum", {kind.actor for kind in CATALOGUE.values()}),
        ("Problem/properties/errorSource/enum", ErrorSource),
    ],
)
def test_the_lists_of_values_are_those_of_the_code(pointer: str, values: Any) -> None:
    assert sorted(find(f"components/schemas/{pointer}")) == sorted(values)
