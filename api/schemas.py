"""The JSON the API takes and gives, as JSON Schema 2020-12. Names are those of `components/schemas`."""

from __future__ import annotations

from typing import Any

from placard.domain.body import LONGEST_KEY
from placard.domain.channels import PORTALS, PROVIDER_OF
from placard.domain.events import AdvertState, Operation, Source
from placard.domain.health import Health
from placard.domain.lifecycle import Outcome, Word
from placard.domain.listing_process import State
from placard.domain.members import CHOICES, MEMBERS, PRICE_MEMBERS, REQUIRED, Shape
from placard.domain.problems import CATALOGUE
from placard.domain.refusals import MOST_FAULTS, ErrorSource
from placard.use_cases.publish_batch import MOST_ITEMS

Schema = dict[str, Any]

# The two words that cannot be subscribed to by name go with CREATED and UPDATED (seed 000, contracts/hub.md §3).
SUBSCRIBED = tuple(word for word in Word if "MEDIA_ERROR" not in word)
TEXT_OR_NOTHING = {"type": ["string", "null"]}


def refer(name: str) -> Schema:
    """Return a reference to a schema of this module."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str = "", **rules: Any) -> Schema:
    """Return a string's schema."""
    return {"type": "string"} | ({"description": description} if description else {}) | rules


def number(kind: str = "number", **rules: Any) -> Schema:
    """Return a number's schema."""
    return {"type": kind} | rules


def choice(values: Any, description: str = "") -> Schema:
    """Return the schema of one of some words, in the code's own order."""
    return text(description, enum=[str(value) for value in values])


def listed(items: Schema, description: str = "", **rules: Any) -> Schema:
    """Return an array's schema."""
    return {"type": "array"} | ({"description": description} if description else {}) | {"items": items} | rules


def fields(required: str = "", description: str = "", /, **properties: Schema) -> Schema:
    """Return an object's schema; `required` names members, separated by blanks. Others may always be there."""
    whole: Schema = {"type": "object"}
    if description:
        whole["description"] = description
    if required:
        whole["required"] = required.split()
    return whole | {"properties": properties}


BOOLEAN: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
UUID = text(format="uuid")
INSTANT = text(format="date-time")
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
POSITION: Schema = {"type": "number"}

# What the shape of a member is in JSON Schema; those with members of their own are looked up in the domain's table.
OF_SHAPE: dict[Shape, Schema] = {
    Shape.STRING: text(),
    Shape.NUMBER: number(),
    Shape.AMOUNT: number(minimum=0),
    Shape.INTEGER: number("integer"),
    Shape.BOOLEAN: BOOLEAN,
    Shape.CHOICE: {"type": ["string", "boolean"], "description": "YES, NO or NOT_APPLICABLE."},
    Shape.OBJECT: OBJECT,
    Shape.TEXTS: TEXTS,
    Shape.STRINGS: listed(text()),
    Shape.OBJECTS: listed(OBJECT),
    Shape.PRICE: refer("Price"),
    Shape.MONEY: refer("Money"),
    Shape.GEOMETRY: refer("Geometry"),
}


def describe_members(pattern: str, members: dict[Shape, str], required: frozenset[str] = frozenset()) -> Schema:
    """Return the schema of an object of the classified from the domain's table of members; `required` are JSON pointers."""
    properties = {
        name: describe_member(f"{pattern}/{name}", shape, required)
        for shape, names in members.items()
        for name in names.split()
    }
    demanded = {
        pointer.removeprefix(f"{pattern}/").split("/")[0] for pointer in required if is_within(pointer, pattern)
    }
    return OBJECT | ({"required": sorted(demanded)} if demanded else {}) | {"properties": properties}


def describe_member(pattern: str, shape: Shape, required: frozenset[str]) -> Schema:
    """Return the schema of one member of the classified."""
    if pattern in CHOICES:
        return choice(CHOICES[pattern])
    if pattern.startswith("/specific/olx/"):
        return refer("OlxOverrides")
    if shape is Shape.OBJECT and pattern in MEMBERS:
        return describe_members(pattern, MEMBERS[pattern], required)
    if shape is Shape.OBJECTS and f"{pattern}/*" in MEMBERS:
        return listed(describe_members(f"{pattern}/*", MEMBERS[f"{pattern}/*"]))
    return OF_SHAPE[shape]


def is_within(pointer: str, pattern: str) -> bool:
    """Whether a pointer leads to something inside an object."""
    return pointer.startswith(f"{pattern}/")


def describe_overrides() -> Schema:
    """Return the schema that the members of `specific.olx` share."""
    key = "/specific/olx/default"
    nested = {path.removeprefix(key): members for path, members in MEMBERS.items() if path.startswith(key)}
    whole = describe_members("", nested[""])
    for name in ("contact", "location"):
        whole["properties"][name] = describe_members(f"/{name}", nested[f"/{name}"])
    whole["properties"]["attributes"] = listed(describe_members("/attributes/*", nested["/attributes/*"]))
    return whole


def describe_classified() -> Schema:
    """Return the schema of the body of POST and PUT."""
    whole = describe_members("", MEMBERS[""], frozenset(REQUIRED))
    portals = listed(refer("Portal"), minItems=1, uniqueItems=True)
    whole["properties"] = {"portals": portals, **whole["properties"]}
    data = whole["properties"]["data"]["properties"]
    data["location"]["properties"]["postalCode"] = text("Seed 003's spelling, taken as `postalcode`.")
    source = data["metaData"]["properties"]["source"]["properties"]
    source["offererEstateId"] = text("The CRM's own key.", minLength=1, maxLength=LONGEST_KEY)
    whole["properties"]["specific"]["properties"]["olx"]["description"] = (
        "A site's member wins over `default`'s; `attributes` merge by `urn`."
    )
    return whole | {
        "description": "AVIV's `AvivClassified` with every portal's code. The members named here are type-checked, others are "
        "kept and passed on; what a portal asks beyond this shape ends in that portal's `problem` and never blocks another one."
    }


STORED = fields("classifiedId revision", classifiedId=UUID, revision=number("integer", minimum=1))
PROBLEM_MEMBERS = {
    "type": text(),
    "title": text(),
    "status": number("integer"),
    "detail": text(),
}
LINK = fields("href", href=text())


def describe_page(name: str, row: Schema) -> Schema:
    """Return the schema of a HAL page of seed 004."""
    return fields(
        "count total _links _embedded",
        "A HAL page (seed 004).",
        count=number("integer", minimum=0),
        total=number("integer", minimum=0),
        _links=fields("self first last", self=LINK, first=LINK, last=LINK, next=LINK, previous=LINK),
        _embedded=fields(name, **{name: listed(row)}),
    )


SCHEMAS: dict[str, Schema] = {
    "Portal": choice(PORTALS),
    "Status": choice(Word),
    "Classified": describe_classified(),
    "OlxOverrides": describe_overrides(),
    "Price": describe_members("price", PRICE_MEMBERS),
    "Money": {
        "oneOf": [
            number(minimum=0),
            fields("value", value=number(minimum=0), currency=text()),
        ]
    },
    "Geometry": {
        "type": "object",
        "description": "GeoJSON, longitude first.",
        "anyOf": [
            fields("type coordinates", type={"const": "Point"}, coordinates=listed(POSITION, minItems=2)),
            fields(type=text() | {"not": {"const": "Point"}}, coordinates={"type": "array"}),
        ],
    },
    "StoredClassified": {"allOf": [refer("Classified"), STORED]},
    "ShownClassified": {
        "allOf": [
            refer("StoredClassified"),
            fields("latest", latest=listed(refer("StatusEntry"), "One entry per portal.")),
        ]
    },
    "ClassifiedPage": fields("items", items=listed(refer("StoredClassified")), nextToken=text()),
    "Portals": fields(
        portals=listed(refer("Portal"), "All that the classified lists where absent.", minItems=1, uniqueItems=True)
    )
    | {"additionalProperties": False},
    "Ack": fields(
        "classifiedId links revision",
        classifiedId=UUID,
        links=listed(fields("statuses", statuses=text(examples=["/classifieds/{classifiedId}/statuses"]))),
        revision=number("integer", minimum=1),
    ),
    "StatusEntry": fields(
        "statusId classifiedId customerId creationDate revision portals channel status message statusDate outcome source",
        "V4's `ClassifiedStatusInternal`, and why something is not live and who must act.",
        statusId=UUID,
        classifiedId=UUID,
        customerId=text(),
        creationDate=text("When the hub learned it; lists are ordered by it.", format="date-time"),
        revision=number("integer", minimum=1),
        portals=listed(refer("Portal"), minItems=1, uniqueItems=True),
        channel=choice(PROVIDER_OF, "One remote advert each."),
        status=refer("Status"),
        message=text(),
        subStatus=text(),
        subStatusDetails=text(),
        statusDate=text("The source's own time.", format="date-time"),
        outcome=choice(Outcome, "`applied`, or why it changed nothing."),
        source=choice(Source, "Who said so."),
        mediaStatuses=listed(fields("url status", url=text(), status=text())),
        advert=fields(
            "state live nextOperations",
            "What the portal says of the advert.",
            id=text("The portal's id."),
            state=choice(AdvertState),
            code=text("The portal's own word."),
            url=text(),
            expiresAt=INSTANT,
            live=BOOLEAN,
            nextOperations=listed(choice(Operation)),
            moderation=fields(reason={"type": ["string", "null"]}, description={"type": ["string", "null"]}),
        ),
        problem=refer("PortalProblem"),
        problems=listed(refer("PortalProblem"), "All of them where there are several."),
        normalised=listed(refer("Change"), "What was changed to fit the portal."),
    ),
    "StatusPage": fields("items", items=listed(refer("StatusEntry")), nextToken=text()),
    "Publication": fields(
        "classifiedId channel health portals",
        "One listing on one channel, as bad as its worst portal.",
        classifiedId=UUID,
        channel=choice(PROVIDER_OF),
        health=choice(Health),
        offererEstateId=text("The CRM's own key."),
        title=text("Its headline, in the language asked for where there is one."),
        city=text(),
        portals=listed(
            fields(
                "portal health status revision changedAt state live",
                portal=refer("Portal"),
                health=choice(Health),
                status=refer("Status"),
                revision=number("integer", minimum=1),
                changedAt=INSTANT,
                state=choice(AdvertState),
                live=BOOLEAN,
                problem=refer("PortalProblem"),
            ),
            minItems=1,
        ),
    ),
    "PublicationPage": fields("items", items=listed(refer("Publication")), nextToken=text()),
    "Changes": fields(
        "items cursor",
        items=listed(refer("StatusEntry"), "Oldest first."),
        cursor=text("For `since` of the next call; the same as before where there is nothing new."),
    ),
    "Change": fields("field from to", field=text("JSON pointer into the classified."), **{"from": {}, "to": {}}),
    "PortalProblem": fields(
        "code actor retriable detail hint",
        "Why it is not live and who must act.",
        code=choice(CATALOGUE),
        actor=choice(sorted({kind.actor for kind in CATALOGUE.values()})),
        retriable=BOOLEAN | {"description": "Whether a retry with the same body can succeed."},
        field=text("JSON pointer into the classified."),
        detail=text(),
        hint=text(),
    ),
    "Verdict": fields(
        "ready problems normalised payload",
        ready=BOOLEAN | {"description": "Whether nothing the hub knows of stands against it."},
        problems=listed(refer("PortalProblem")),
        normalised=listed(refer("Change")),
        payload=OBJECT | {"description": "The body the portal would be sent, for all ready portals of its channel."},
    ),
    "Preflight": fields(
        "portals",
        portals={
            "type": "object",
            "minProperties": 1,
            "propertyNames": refer("Portal"),
            "additionalProperties": refer("Verdict"),
        },
    ),
    "Batch": fields("items", items=listed(refer("BatchItem"), minItems=1, maxItems=MOST_ITEMS)),
    "BatchItem": {
        "oneOf": [
            fields(
                "op classified",
                op={"const": "put"},
                classified=refer("Classified"),
                offererEstateId=text("That of the classified."),
            ),
            fields(
                "op offererEstateId",
                op={"const": "delete"},
                offererEstateId=text("The CRM's own key.", minLength=1, maxLength=LONGEST_KEY),
            ),
            fields(
                "op classified",
                "A deletion that names the key by its classified.",
                op={"const": "delete"},
                classified=refer("Classified"),
            )
            | {"not": {"required": ["offererEstateId"]}},
        ]
    },
    "BatchVerdicts": fields(
        "items",
        items=listed(
            fields(
                "status",
                status=number("integer", description="That of the single call."),
                ack=refer("Ack"),
                problem=refer("Problem"),
            ),
            "One verdict for each item, in order.",
        ),
    ),
    "Webhook": fields(
        "url",
        url=text(
            "https, a host with public addresses alone; no user info, query or fragment. One trailing `/` is dropped.",
            format="uri",
        ),
        statuses=listed(choice(SUBSCRIBED), "All where absent."),
        liveChanges=BOOLEAN | {"description": "Whether a change of `advert.live` is told too; true where absent."},
    ),
    "Subscription": fields(
        "url statuses liveChanges state",
        url=text(),
        statuses=listed(choice(SUBSCRIBED)),
        liveChanges=BOOLEAN,
        secret=text("`whsec_…`; only with the scope `placard/write`."),
        state=choice(("active", "failing", "paused")),
        warning=text(),
        failingSince=INSTANT,
    ),
    "Secret": fields("secret", secret=text("Signs beside the former one, which is valid for 24 hours more.")),
    "Replay": fields("since", since=text("Entries created since then are told again, in order.", format="date-time")),
    "ToldEntry": {
        "allOf": [
            refer("StatusEntry"),
            fields("offererEstateId", offererEstateId=text("The CRM's own key.")),
        ]
    },
    "ListingProcess": fields(
        "id state",
        id=number("integer"),
        locator=TEXT_OR_NOTHING,
        accountId=TEXT_OR_NOTHING,
        propertyId=TEXT_OR_NOTHING,
        agentId=TEXT_OR_NOTHING,
        state=fields("state", state=choice(State)),
    ),
    "ListingProcessPage": describe_page("sah:listing-processes", refer("ListingProcess")),
    "ListingProcessStatePage": describe_page("sah:listing-process:states", fields("state", state=choice(State))),
    "Assignation": fields("agentId", agentId=text(format="uuid")),
    "ListingProcessProblem": fields(
        "detail status title type",
        "An error of seed 004.",
        **PROBLEM_MEMBERS,
        validationMessages=OBJECT | {"description": "With 422: one member for each field that is wrong."},
    ),
    "Problem": fields(
        "type title status detail instance",
        "RFC 9457.",
        **PROBLEM_MEMBERS,
        instance=text("The request's traceparent, else its id."),
        errorSource=choice(ErrorSource),
        errors=listed(
            fields(
                "name reason",
                name=text("JSON pointer into the body, or the parameter's or header's name."),
                reason=text(),
            ),
            maxItems=MOST_FAULTS,
        ),
        classifiedId=text("With a duplicated key.", format="uuid"),
    ),
    "Message": fields("message", "An answer of API Gateway itself.", message={"type": ["string", "null"]}),
}
