"""openapi.yaml is what the code makes, and says what the handlers do."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate

from api.document import make_document, render_document
from api.operations import CALLS, COMMON
from placard.domain.refusals import InvalidRequestError
from placard.use_cases.publish_classified import read_body
from tests.template import list_resources
from tests.unit.api.crm import ROOT, Crm, make_body
from tests.unit.api.test_bad_input import WRONG, change

DOCUMENT: dict[str, Any] = make_document()
METHODS = {"get", "put", "post", "delete"}
SAMPLES = sorted((ROOT / "tests/contracts/aviv").glob("classified_*.json"))


def list_template_routes() -> dict[str, tuple[str, list[str] | None]]:
    """Each route of the template: its function's folder, and its scopes, None where there is no authorizer."""
    routes = {}
    for function in list_resources("AWS::Serverless::Function").values():
        for event in function.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event["Properties"]
                folder = function["CodeUri"].strip("/").split("/")[-1]
                route = f"{properties['Method']} {properties['Path']}"
                routes[route] = folder, properties["Auth"].get("AuthorizationScopes")
    return routes


def schema(name: str) -> Draft202012Validator:
    """Return what judges a value by one of the document's schemas."""
    whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return Draft202012Validator(whole)


def test_the_file_is_what_the_code_makes() -> None:
    assert (ROOT / "openapi.yaml").read_text() == render_document(), "run: make openapi"
    assert yaml.safe_load(render_document()) == json.loads(json.dumps(DOCUMENT))


def test_the_document_is_openapi() -> None:
    validate(DOCUMENT)
    for one in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(one)


def test_the_template_and_the_description_have_the_same_routes_functions_and_scopes() -> None:
    theirs = {route: found for route, found in list_template_routes().items() if found[1] is not None}
    assert {call.route: (call.function, [call.scope]) for call in CALLS} == theirs


@pytest.mark.parametrize("function", sorted({call.function for call in CALLS}))
def test_a_function_serves_the_routes_described_and_no_other(function: str) -> None:
    routes = import_module(f"functions.{function}.app").ROUTES
    assert set(routes) == {call.route for call in CALLS if call.function == function}


def test_every_call_is_described_once() -> None:
    described = [
        f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item.keys() & METHODS
    ]
    assert sorted(described) == sorted(call.route for call in CALLS)
    assert len({call.name for call in CALLS}) == len(CALLS)


def test_every_parameter_of_a_path_is_described() -> None:
    for call in CALLS:
        named = {one["$ref"].rpartition("/")[2] for one in operation(call.route)["parameters"]}
        in_path = {p["name"] for name in named if (p := DOCUMENT["components"]["parameters"][name])["in"] == "path"}
        assert in_path == {part.strip("{}") for part in call.route.split("/") if part.startswith("{")}, call.route
        assert named >= set(COMMON[1:])


def operation(route: str) -> dict[str, Any]:
    method, path = route.split(" ")
    found: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_avivs_samples_keep_to_the_schema(sample: Any) -> None:
    schema("Classified").validate(json.loads(sample.read_text()))


@pytest.mark.parametrize("case", WRONG)
def test_the_schema_refuses_what_the_api_refuses(case: str) -> None:
    pointer, value, _ = WRONG[case]
    body = change(make_body(), pointer, value)
    with pytest.raises(InvalidRequestError):
        read_body(body)
    assert not schema("Classified").is_valid(body)


def test_answers_keep_to_their_schemas() -> None:
    crm = Crm()
    ack = crm.post(make_body(portals=["SL", "BD", "IMOVIRTUAL"]))
    classified_id = ack.json["classifiedId"]
    crm.look(classified_id)
    answers = {
        "Ack": ack,
        "ClassifiedPage": crm.list("limit=1"),
        "ShownClassified": crm.get(classified_id),
        "StatusPage": crm.statuses(classified_id),
        "PublicationPage": crm.publications(),
        "Preflight": crm.preflight(make_body(portals=["SL", "BD", "OLXRO", "SPOTAHOME"])),
        "BatchVerdicts": crm.batch({"op": "put", "classified": make_body(key="b")}, {"op": "delete"}),
        "Problem": crm.post({}),
    }
    crm.clock.advance(60_000)
    answers["Changes"] = crm.changes()
    for name, answer in answers.items():
        schema(name).validate(answer.json)
    with pytest.raises(ValidationError):
        schema("Ack").validate({"classifiedId": classified_id})


def test_every_example_keeps_to_its_schema() -> None:
    for call in CALLS:
        if call.body is not None and call.body.example is not None:
            schema(call.body.schema).validate(call.body.example)
