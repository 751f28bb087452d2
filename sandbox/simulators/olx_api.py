"""OLX: the vendor's calls (contract: olx.md §1, §2, §6)."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.simulators.olx_accounts import API_KEY, GrantRefusedError
from sandbox.simulators.olx_adverts import OlxPortal, OperationRunningError
from sandbox.simulators.olx_messages import Advert, build_acceptance, build_error, build_meta, build_meta_answer
from sandbox.simulators.olx_rules import find_shape_errors

PAGE, PAGE_MOST = 50, 100


class CallRefusedError(Exception):
    """A call is answered with this status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body["message"])
        self.status, self.body = status, body


async def answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, CallRefusedError)
    return JSONResponse(error.body, error.status)


class OlxApi:
    """The vendor's calls. Each checks the API key first, then the token, then the body."""

    def __init__(self, portal: OlxPortal) -> None:
        self._portal = portal

    async def grant_token(self, request: Request) -> Response:
        check_api_key(request)
        if not self._portal.accounts.accepts_client(request.headers.get("authorization", "")):
            raise CallRefusedError(403, build_error("The client credentials are invalid"))
        try:
            return JSONResponse(self._portal.accounts.grant(await read_json(request)))
        except GrantRefusedError as error:
            raise CallRefusedError(400, build_error(str(error))) from error

    async def post_advert(self, request: Request) -> Response:
        account = self._admit(request)
        payload = await self._read_advert(request)
        advert = self._portal.find_twin(account, payload)
        if advert is None:
            advert = self._portal.create(account, payload)
        elif self._portal.rules["duplicates"] == "conflict" and advert.code:
            own, category = payload["custom_fields"]["id"], payload["category_urn"]
            text = f"An advert with custom_fields.id {own} and category_urn {category} already exists, use PUT"
            raise CallRefusedError(409, build_error(text))
        return await self._accept(advert, "POST", payload)

    async def put_advert(self, request: Request) -> Response:
        advert = self._find(request)
        return await self._accept(advert, "PUT", await self._read_advert(request))

    async def delete_advert(self, request: Request) -> Response:
        return await self._accept(self._find(request), "DELETE", None)

    async def deactivate_advert(self, request: Request) -> Response:
        return await self._accept(self._find(request), "DEACTIVATE", None)

    async def activate_advert(self, request: Request) -> Response:
        return await self._accept(self._find(request), "ACTIVATE", None)

    async def show_meta(self, request: Request) -> Response:
        return JSONResponse(build_meta_answer(build_meta(self._find(request))))

    async def list_meta(self, request: Request) -> Response:
        adverts = self._portal.list_account(self._admit(request))
        page, limit = read_number(request, "page", 1), min(read_number(request, "limit", PAGE), PAGE_MOST)
        shown = adverts[(page - 1) * limit : page * limit]
        total = {"x-total-count": str(len(adverts))}
        return JSONResponse(build_meta_answer([build_meta(advert) for advert in shown]), headers=total)

    def _admit(self, request: Request) -> str:
        check_api_key(request)
        account = self._portal.accounts.find_account(request.headers.get("authorization", ""))
        if account is None:
            raise CallRefusedError(403, build_error("The access token provided has expired"))
        return account

    def _find(self, request: Request) -> Advert:
        account = self._admit(request)
        advert = self._portal.adverts.get(request.path_params["uuid"])
        if advert is None or advert.account != account:
            raise CallRefusedError(404, build_error("Resource not found"))
        return advert

    async def _read_advert(self, request: Request) -> dict[str, Any]:
        payload = await read_json(request)
        if errors := find_shape_errors(payload):
            raise CallRefusedError(
                400, build_error("Requested body doesn't comply with the service requirements", errors)
            )
        assert isinstance(payload, dict)
        return payload

    async def _accept(self, advert: Advert, operation: str, payload: dict[str, Any] | None) -> Response:
        try:
            transaction_id = self._portal.begin(advert, operation)
        except OperationRunningError as error:
            raise CallRefusedError(409, build_error("Illegal status change")) from error
        answer = JSONResponse(build_acceptance(advert, transaction_id), 202)
        if self._portal.courier.early:
            self._portal.finish(advert, operation, payload, transaction_id)
            await self._portal.courier.settle(advert.uuid)
        else:
            self._portal.courier.run(self._portal.finish_later(advert, operation, payload, transaction_id))
        return answer


def check_api_key(request: Request) -> None:
    if request.headers.get("x-api-key") != API_KEY:
        raise CallRefusedError(403, build_error("Invalid API Key - unknown Partner"))


async def read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise CallRefusedError(400, build_error("Requested body is not valid JSON")) from error


def read_number(request: Request, name: str, default: int) -> int:
    """A whole number of at least 1 from the query."""
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise CallRefusedError(
            400, build_error("Requested parameters are invalid", [(name, f"{name} must be a whole number from 1")])
        )
    return int(text)
