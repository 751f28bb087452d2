"""Every call of the API (contracts/hub.md §2), one row each: what it takes, what it answers, what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.schemas import Schema, choice, listed, number, refer, text
from placard.aws.http_api import USER_AGENT
from placard.domain.channels import PORTALS
from placard.domain.health import Health
from placard.domain.lifecycle import Word
from placard.domain.listing_process import State
from placard.use_cases.list_publications import MOST_PUBLICATIONS
from placard.use_cases.listing_processes import MOST_PAGE, MOST_PER_PAGE, PER_PAGE, UNASSIGNED
from placard.use_cases.paging import LARGEST_LIMIT

READ, WRITE = "placard/read", "placard/write"

TAGS = {
    "Publishing": "What the CRM wishes",
    "Status": "What became of it",
    "Webhooks": "Being told of it",
    "Listing processes": "Spotahome's processes, in the shapes of Spotahome's own API",
}


def query(name: str, schema: Schema, description: str = "") -> Schema:
    """Return a query parameter."""
    return {"name": name, "in": "query"} | ({"description": description} if description else {}) | {"schema": schema}


def header(name: str, schema: Schema, description: str, **more: Any) -> Schema:
    """Return a header parameter."""
    return {"name": name, "in": "header", "description": description, "schema": schema} | more


_ID = text(minLength=1, maxLength=512, pattern=r"^[!-~]([ -~]*[!-~])?$")
PARAMETERS: dict[str, Schema] = {
    "ClassifiedId": {"name": "classifiedId", "in": "path", "required": True, "schema": text(format="uuid")},
    "ProcessId": {"name": "id", "in": "path", "required": True, "schema": number("integer", minimum=1)},
    "UserAgent": header(
        "User-Agent",
        text(pattern=f"^{USER_AGENT.pattern}$"),
        "Three name/version pairs (CRM software, tool, operating system), one space between. A page in a browser, which cannot "
        "set it, sends the same as `X-User-Agent`.",
        required=True,
        example="MyAwesomeSoft/1.0.0 curl/7.52.1 debian/9~1.gbpf8534c",
    ),
    "TraceParent": header(
        "traceparent",
        text(),
        "W3C trace context; goes on to the portals and comes back in the answer. A malformed one is ignored.",
        example="00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01",
    ),
    "CustomerId": header(
        "Customer-Id", _ID, "The agency; honoured for trusted clients, for others it must be their own (else 403)."
    ),
    "IdempotencyKey": header(
        "Idempotency-Key",
        _ID,
        "Compared within one `offererEstateId`; with another body than its own it is refused with 422.",
    ),
    "IfMatch": header(
        "If-Match",
        text(),
        "One or several revisions in quotes, or `*`; refused with 412 unless the present one is named.",
        example='"3"',
    ),
    "Limit": query("limit", number("integer", minimum=1, maximum=LARGEST_LIMIT, default=LARGEST_LIMIT)),
    "NextToken": query("nextToken", text(minLength=1), "From the page before; opaque."),
    "Since": query(
        "since", text(minLength=1), "The `cursor` of an earlier answer; opaque. From the beginning without it."
    ),
    "OffererEstateId": query(
        "offererEstateId", text(minLength=1), "The CRM's own key; the list then holds at most that one."
    ),
    "Filter": query(
        "filter", choice(["latest"]), "`latest`: each portal's newest applied entry of the highest revision."
    ),
    "StatusFilter": query("status", listed(choice(Word)), "Repeatable."),
    "PortalFilter": query("portal", listed(choice(PORTALS)), "Repeatable."),
    "HealthFilter": query("health", choice(Health), "All of them where absent."),
    "PublicationLimit": query(
        "limit", number("integer", minimum=1, maximum=MOST_PUBLICATIONS, default=MOST_PUBLICATIONS)
    ),
    "ProcessIdFilter": query("id", number("integer", minimum=0)),
    "AccountId": query("accountId", text(minLength=1)),
    "PropertyId": query("propertyId", text(minLength=1)),
    "AgentId": query("agentId", text(minLength=1), f"`{UNASSIGNED}`: those without an agent."),
    "State": query("state", choice(State)),
    "Page": query("page", number("integer", minimum=1, maximum=MOST_PAGE, default=1)),
    "ItemsPerPage": query("itemsPerPage", number("integer", minimum=1, maximum=MOST_PER_PAGE, default=PER_PAGE)),
    # Seed 004 knows no refusal of these.
    "StatesPage": query("page", text(), "What is no number of a page means the first."),
    "StatesPerPage": query("itemsPerPage", text(), "What is no number means all."),
}
# Headers that every call takes; seed 004's know no User-Agent.
COMMON = ("UserAgent", "TraceParent", "CustomerId")


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body: its schema's name, what is said of it, and an example where the schema alone does not show one."""

    schema: str
    description: str = ""
    required: bool = True
    example: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. `schema` is None for an answer without a body."""

    status: int
    description: str
    schema: Schema | None
    headers: Mapping[str, Schema] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One route. `function` is the folder that serves it; `refusals` are those beyond what every call may answer."""

    route: str
    function: str
    name: str
    tag: str
    scope: str
    summary: str
    answer: Answer
    refusals: tuple[int, ...] = ()
    description: str = ""
    parameters: tuple[str, ...] = ()
    body: Body | None = None
    callback: bool = False

    @property
    def of_seed_004(self) -> bool:
        """Whether the call keeps Spotahome's shapes: no User-Agent, errors as plain JSON."""
        return self.route.partition(" ")[2].startswith("/listing-processes")


EXAMPLE = {
    "portals": ["SL", "IMOVIRTUAL"],
    "data": {
        "estateType": "APARTMENT",
        "estateSubType": {"apartment": "MULTI_STOREY"},
        "distributionType": "BUY",
        "location": {
            "postalcode": "4700-036",
            "city": "Braga",
            "street": "Rua do Souto",
            "houseNumber": "12",
            "country": "PRT",
            "geometry": {"type": "Point", "coordinates": [-8.4261, 41.5503]},
        },
        "prices": {"currency": "EUR", "buy": {"price": {"amount": 187500}}},
        "texts": {"headline": {"pt": "Apartamento T2 renovado no centro de Braga"}},
        "metaData": {
            "source": {
                "sourceSystem": "MyAwesomeSoft",
                "sourceSystemVersion": "1.0.0",
                "offererMarketingKey": "AG12",
                "offererEstateId": "ag12-000331",
            }
        },
    },
    "media": [{"url": "https://media.example/ag12-000331/1.jpg", "mediaType": "PICTURE"}],
    "specific": {"olx": {"default": {"contact": {"name": "Ana Sousa", "email": "ana.sousa@agency.example"}}}},
}
CLASSIFIED = Body("Classified", "At most 256 KiB.", example=EXAMPLE)
PORTALS_BODY = Body(
    "Portals",
    "The portals meant, all that the classified lists where the body is absent, empty or names none.",
    required=False,
    example={"portals": ["IMOVIRTUAL"]},
)
# What may be done with a classified once its id is known.
FOLLOWING = {
    "getClassified": "$response.body#/classifiedId",
    "putClassified": "$response.body#/classifiedId",
    "listStatuses": "$response.body#/classifiedId",
    "retryClassified": "$response.body#/classifiedId",
    "deactivateClassified": "$response.body#/classifiedId",
    "activateClassified": "$response.body#/classifiedId",
    "deleteClassified": "$response.body#/classifiedId",
}
ACK = Answer(202, "The wish is stored; what the portals make of it follows as statuses.", refer("Ack"))
MADE = Answer(202, ACK.description, refer("Ack"), links=FOLLOWING)
TAKEN = Answer(204, "Done here; Spotahome is told, and what it refuses is undone.", None)
ETAG = {"ETag": {"description": "The revision in quotes.", "schema": text(pattern='^"[0-9]+"$')}}
ONE = "/classifieds/{classifiedId}"
PROCESS = "/listing-processes/{id}"

CALLS = (
    Call(
        "POST /classifieds",
        "publish_classified",
        "postClassified",
        "Publishing",
        WRITE,
        "Publish a classified",
        MADE,
        (413, 422),
        "`data.metaData.source.offererEstateId` is the CRM's own key, unique per customer. The current body again, or the last "
        "POST's `Idempotency-Key` with its body, answers the same acknowledgement; another body is refused with 400 "
        "(`Errors/Duplicated-Classifieds-Error`), which names the classified.",
        ("IdempotencyKey",),
        CLASSIFIED,
    ),
    Call(
        "GET /classifieds",
        "query_status",
        "listClassifieds",
        "Status",
        READ,
        "List classifieds, the newest change first",
        Answer(200, "A page; it ends at `limit` or at 4 MB.", refer("ClassifiedPage")),
        description="Deleted classifieds are left out.",
        parameters=("OffererEstateId", "Limit", "NextToken"),
    ),
    Call(
        "POST /classifieds/batch",
        "publish_classified",
        "publishBatch",
        "Publishing",
        WRITE,
        "Publish, change and delete up to a hundred classifieds",
        Answer(
            200, "The verdicts. Items that storage did not take say 503 and may be sent again.", refer("BatchVerdicts")
        ),
        (413,),
        "`put` makes what is unknown or deleted and replaces the rest; every item is judged as its single call would be, in "
        "order. Items that change nothing cost one read for all of them.",
        body=Body(
            "Batch",
            "At most 2 MiB, each classified at most 256 KiB.",
            example={
                "items": [{"op": "put", "classified": EXAMPLE}, {"op": "delete", "offererEstateId": "ag12-000172"}]
            },
        ),
    ),
    Call(
        "POST /classifieds/preflight",
        "publish_classified",
        "preflightClassified",
        "Publishing",
        READ,
        "Ask what each portal would make of a classified",
        Answer(200, "One verdict for each portal listed.", refer("Preflight")),
        (413,),
        "Renders and judges as a delivery would, by the portals' rules and by the accounts connected. Stores nothing and calls "
        "no portal.",
        body=CLASSIFIED,
    ),
    Call(
        f"GET {ONE}",
        "query_status",
        "getClassified",
        "Status",
        READ,
        "Read a classified and how it stands on each portal",
        Answer(200, "The classified.", refer("ShownClassified"), ETAG),
        (404,),
        parameters=("ClassifiedId",),
    ),
    Call(
        f"PUT {ONE}",
        "publish_classified",
        "putClassified",
        "Publishing",
        WRITE,
        "Replace a classified",
        ACK,
        (404, 412, 413),
        "The whole classified, never a delta. `portals` may gain or lose entries, but not all of them. An identical body makes "
        "no new revision and no portal call.",
        ("ClassifiedId", "IfMatch"),
        CLASSIFIED,
    ),
    Call(
        f"DELETE {ONE}",
        "publish_classified",
        "deleteClassified",
        "Publishing",
        WRITE,
        "Take a classified off every portal",
        ACK,
        (404,),
        "Its statuses stay readable and its key may be posted again. Repeated, it is acknowledged again, with a next revision "
        "only if a portal's deletion ended `DELETING_FAILED`.",
        ("ClassifiedId",),
    ),
    Call(
        f"POST {ONE}/deactivate",
        "publish_classified",
        "deactivateClassified",
        "Publishing",
        WRITE,
        "Take a classified offline without deleting it",
        ACK,
        (404, 409, 413),
        "The wish for each portal becomes `paused` and stays so through every PUT that lists the portal, until `activate`. Makes "
        "the next revision, none where that is already so and nothing is under way.",
        ("ClassifiedId",),
        PORTALS_BODY,
    ),
    Call(
        f"POST {ONE}/activate",
        "publish_classified",
        "activateClassified",
        "Publishing",
        WRITE,
        "Bring a classified online again",
        ACK,
        (404, 409, 413),
        "For what was deactivated, and for what expired at its portal. Makes the next revision, none where each portal is wished "
        "present and live and nothing is under way.",
        ("ClassifiedId",),
        PORTALS_BODY,
    ),
    Call(
        f"POST {ONE}/retry",
        "publish_classified",
        "retryClassified",
        "Publishing",
        WRITE,
        "Try again what did not reach its goal",
        ACK,
        (404, 409, 413),
        "Always makes the next revision; a portal at its goal ends `UPDATED` without a call.",
        ("ClassifiedId",),
        PORTALS_BODY,
    ),
    Call(
        f"GET {ONE}/statuses",
        "query_status",
        "listStatuses",
        "Status",
        READ,
        "Read a classified's timeline, newest first",
        Answer(200, "A page; it ends at `limit` or at 4 MB.", refer("StatusPage")),
        (404,),
        "Asked right after a 202 it shows `RECEIVED` for every portal of the revision. A filtered page may hold fewer items than "
        "`limit`, even none, and still name a `nextToken`.",
        ("ClassifiedId", "Filter", "StatusFilter", "PortalFilter", "Limit", "NextToken"),
    ),
    Call(
        "GET /publications",
        "query_status",
        "listPublications",
        "Status",
        READ,
        "List how every listing fares on every channel, the worst first",
        Answer(200, "A page; it ends at `limit` or at 4 MB.", refer("PublicationPage")),
        description="`problem`: somebody must act, and `problem` says who; `pending`: under way; `live`: buyers see it; `off`: "
        "deactivated. The newest change first among equals; what was taken off is left out. A change shows within seconds.",
        parameters=("HealthFilter", "PublicationLimit", "NextToken"),
    ),
    Call(
        "GET /statuses",
        "query_status",
        "listChanges",
        "Status",
        READ,
        "Follow all status entries of the customer, oldest first",
        Answer(200, "A page; it ends at `limit` or at 4 MB.", refer("Changes")),
        description="Each entry once and none left out, 30 seconds after its creation. Ask again with the `cursor`; where "
        "nothing is new the page is empty and the cursor the same.",
        parameters=("Since", "Limit"),
    ),
    Call(
        "PUT /webhooks",
        "subscribe_webhook",
        "putWebhook",
        "Webhooks",
        WRITE,
        "Subscribe to status entries",
        Answer(200, "Subscribed.", text()),
        (413,),
        "One subscription per customer. It tells what is created from now on; a paused one goes on where it stopped. Every "
        "callback is signed by the Standard Webhooks headers.",
        body=Body(
            "Webhook", example={"url": "https://crm.example/placard", "statuses": ["CREATED", "CREATING_FAILED"]}
        ),
        callback=True,
    ),
    Call(
        "GET /webhooks",
        "subscribe_webhook",
        "getWebhook",
        "Webhooks",
        READ,
        "Read the subscription and how its callbacks fare",
        Answer(200, "The subscription.", refer("Subscription")),
        (404,),
    ),
    Call(
        "DELETE /webhooks",
        "subscribe_webhook",
        "deleteWebhook",
        "Webhooks",
        WRITE,
        "Unsubscribe",
        Answer(200, "Unsubscribed, or never subscribed.", text()),
    ),
    Call(
        "POST /webhooks/rotate",
        "subscribe_webhook",
        "rotateSecret",
        "Webhooks",
        WRITE,
        "Make a new secret",
        Answer(200, "The new secret.", refer("Secret")),
        (404,),
        "The old one signs beside it for 24 hours.",
    ),
    Call(
        "POST /webhooks/replay",
        "subscribe_webhook",
        "replayEntries",
        "Webhooks",
        WRITE,
        "Go on with a paused subscription, telling again what was not accepted",
        Answer(202, "What was not accepted since then is told, in order.", {}),
        (404, 413),
        body=Body("Replay", example={"since": "2026-09-14T08:17:44.870Z"}),
    ),
    Call(
        "GET /listing-processes",
        "listing_processes",
        "listListingProcesses",
        "Listing processes",
        READ,
        "List listing processes",
        Answer(200, "A page.", refer("ListingProcessPage")),
        (400,),
        parameters=("ProcessIdFilter", "AccountId", "PropertyId", "AgentId", "State", "Page", "ItemsPerPage"),
    ),
    Call(
        "GET /listing-processes/states",
        "listing_processes",
        "listListingProcessStates",
        "Listing processes",
        READ,
        "List the states of a listing process",
        Answer(200, "A page.", refer("ListingProcessStatePage")),
        parameters=("StatesPage", "StatesPerPage"),
    ),
    Call(
        f"DELETE {PROCESS}",
        "listing_processes",
        "cancelListingProcess",
        "Listing processes",
        WRITE,
        "Cancel a listing process",
        TAKEN,
        (404, 409),
        "409 once it is closed. The classified's wish for Spotahome becomes absent.",
        ("ProcessId",),
    ),
    Call(
        f"PUT {PROCESS}/assignation",
        "listing_processes",
        "assignAgent",
        "Listing processes",
        WRITE,
        "Assign an agent to a listing process",
        TAKEN,
        (404, 422),
        parameters=("ProcessId",),
        body=Body("Assignation", example={"agentId": "08699e5b-45dd-479e-8a7f-5a7563a843cb"}),
    ),
    Call(
        f"DELETE {PROCESS}/assignation",
        "listing_processes",
        "unassignAgent",
        "Listing processes",
        WRITE,
        "Take the agent off a listing process",
        TAKEN,
        (404,),
        parameters=("ProcessId",),
    ),
)
