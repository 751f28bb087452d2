"""The whole description: rows and schemas put together as OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

import yaml

from api.operations import CALLS, COMMON, PARAMETERS, TAGS, Answer, Body, Call
from api.schemas import SCHEMAS, Schema, number, refer, text

DESCRIPTION = (
    "One API through which a property CRM publishes a classified once and has it on every portal, and through which it learns, "
    "per portal, what became of it and who must act. It speaks AVIV's Classifieds Management V4 dialect, widened to every "
    "portal. Answers that API Gateway makes itself (401, 403 for a scope, 404 for an unknown route, 413 over 10 MB, 429) have a "
    'body `{"message": …}`.'
)
JSON, PROBLEM = "application/json", "application/problem+json"

# Refusal → what it means here. Those of the second table every call may answer.
REFUSALS = {
    400: "A header, parameter or body that breaks the contract (`type` ends with `Errors/Validation-Error`), a body that is no "
    "JSON (`about:blank`), or a key that names another classified (`Errors/Duplicated-Classifieds-Error`).",
    404: "Unknown, deleted or another customer's.",
    409: "Not in the present state: a deleted classified (`type` ends with `Errors/Deleted-Classified-Error`), a closed listing "
    "process.",
    412: "`If-Match` does not name the present revision.",
    413: "The body is too large.",
    422: "An `Idempotency-Key` that came with another body (`Errors/Idempotency-Key-Reused-Error`), or a senseless field.",
}
ALWAYS = {
    401: "No valid token.",
    403: "The token's scope does not reach that far, or it may not act for that customer.",
    429: "Too many calls.",
    503: "Storage does not answer.",
}
# Refusals that API Gateway may make before any function is asked.
OF_THE_GATEWAY = {401, 403, 413, 429}
TRACE = {"traceparent": {"description": "The request's own.", "schema": text()}}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": number("integer")}}


def make_document() -> Schema:
    """Return the description as plain JSON values."""
    paths: dict[str, Any] = {}
    for call in CALLS:
        method, _, path = call.route.partition(" ")
        paths.setdefault(path, {})[method.lower()] = describe_call(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Placard", "version": "0.1.0", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "parameters": PARAMETERS,
            "responses": {name_response(status, errors): describe_refusal(status, errors) for status, errors in used()},
            "schemas": SCHEMAS,
        },
    }


def render_document() -> str:
    """Return the description as YAML, the same text for the same code."""
    return yaml.dump(make_document(), Dumper=Plain, sort_keys=False, allow_unicode=True, width=120)


class Plain(yaml.SafeDumper):
    """Writes what is used twice twice: a reader of YAML anchors is a reader lost."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an anchor."""
        return True


def describe_call(call: Call) -> Schema:
    """Return one operation."""
    headers = COMMON[1:] if call.of_seed_004 else COMMON
    operation: Schema = {
        "tags": [call.tag],
        "operationId": call.name,
        "summary": call.summary,
        "description": f"{call.description} Needs the scope `{call.scope}`.".strip(),
        "security": [{"jwt": [call.scope]}],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in (*call.parameters, *headers)],
    }
    if call.body is not None:
        operation["requestBody"] = describe_body(call.body)
    operation["responses"] = {str(call.answer.status): describe_answer(call.answer)} | {
        str(status): {"$ref": f"#/components/responses/{name_response(status, call.of_seed_004)}"}
        for status in refusals_of(call)
    }
    if call.callback:
        operation["callbacks"] = {"statusEntry": describe_callback()}
    return operation


def refusals_of(call: Call) -> list[int]:
    """Return every status but the success that a call may answer."""
    own = call.refusals if call.of_seed_004 else (400, *call.refusals)
    return sorted({*own, *ALWAYS})


def used() -> list[tuple[int, bool]]:
    """Return the refusals in use: the status, and whether in seed 004's shape."""
    return sorted(
        {(status, call.of_seed_004) for call in CALLS for status in refusals_of(call)}, key=lambda one: one[::-1]
    )


def name_response(status: int, of_seed_004: bool) -> str:
    """Return the name of a refusal among the components."""
    return f"{'ListingProcess' if of_seed_004 else ''}Refused{status}"


def describe_refusal(status: int, of_seed_004: bool) -> Schema:
    """Return one refusal's response."""
    ours = {JSON: "ListingProcessProblem"} if of_seed_004 else {PROBLEM: "Problem"}
    content: Schema = {media: {"schema": refer(name)} for media, name in ours.items()}
    if status in OF_THE_GATEWAY:
        found = content.get(JSON)
        content[JSON] = {"schema": {"anyOf": [found["schema"], refer("Message")]} if found else refer("Message")}
    headers = TRACE | (RETRY_AFTER if status == 503 else {})
    return {"description": (REFUSALS | ALWAYS)[status], "headers": headers, "content": content}


def describe_body(body: Body) -> Schema:
    """Return a request's body."""
    media: Schema = {"schema": refer(body.schema)} | ({} if body.example is None else {"example": body.example})
    said = {"description": body.description} if body.description else {}
    return {"required": body.required} | said | {"content": {JSON: media}}


def describe_answer(answer: Answer) -> Schema:
    """Return a success's response."""
    response: Schema = {"description": answer.description, "headers": TRACE | dict(answer.headers)}
    if answer.schema is not None:
        response["content"] = {JSON: {"schema": answer.schema}}
    if answer.links:
        response["links"] = {
            name: {"operationId": name, "parameters": {"classifiedId": source}} for name, source in answer.links.items()
        }
    return response


def describe_callback() -> Schema:
    """Return what the CRM's own server is called with (contracts/hub.md §3)."""
    signed = {
        "webhook-id": "The `statusId`, the same at every try.",
        "webhook-timestamp": "Seconds since the epoch.",
        "webhook-signature": "`v1,…`, Standard Webhooks; two of them while a former secret is valid.",
    }
    classified_id = {"name": "classifiedId", "in": "path", "required": True, "schema": text(format="uuid")}
    called: Schema = {
        "summary": "Tell the CRM a status entry",
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": description, "schema": text()}
            for name, description in signed.items()
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": refer("ToldEntry")}}},
        "responses": {
            "201": {"description": "Accepted; any other 2xx is as good."},
            "410": {"description": "Ends the subscription."},
            "default": {"description": "Tried again, for five days; `Retry-After` is honoured."},
        },
    }
    return {"{$request.body#/url}/classifieds/{classifiedId}/statuses": {"parameters": [classified_id], "post": called}}
