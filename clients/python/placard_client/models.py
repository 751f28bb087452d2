"""The JSON that the hub takes and gives. Made by `make client` from openapi.yaml: change that, not this."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, Required, TypeAlias, TypedDict

Portal: TypeAlias = Literal["SL", "BUCOM", "BD", "SLC", "SLN", "IMOVIRTUAL", "OTODOM", "STORIA", "OLXRO", "SPOTAHOME"]

Status: TypeAlias = Literal[
    "RECEIVING",
    "RECEIVED",
    "RECEIVING_FAILED",
    "CREATING",
    "CREATED",
    "CREATED_WITH_MEDIA_ERROR",
    "CREATING_FAILED",
    "UPDATING",
    "UPDATED",
    "UPDATED_WITH_MEDIA_ERROR",
    "UPDATING_FAILED",
    "DELETING",
    "DELETED",
    "DELETING_FAILED",
]


class ClassifiedDataLocationCountrySpecificFr(TypedDict):
    inseeCode: NotRequired[str]


class ClassifiedDataLocationCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataLocationCountrySpecificFr]


class ClassifiedDataLocation(TypedDict):
    postalcode: NotRequired[str]
    city: NotRequired[str]
    street: NotRequired[str]
    houseNumber: NotRequired[str]
    country: NotRequired[str]
    unit: NotRequired[str]
    staircase: NotRequired[str]
    entrance: NotRequired[str]
    state: NotRequired[str]
    floorNumber: NotRequired[int]
    geometry: NotRequired[Geometry]
    locationNote: NotRequired[dict[str, str]]
    countrySpecific: NotRequired[ClassifiedDataLocationCountrySpecific]
    showAddress: NotRequired[bool]
    # Seed 003's spelling, taken as `postalcode`.
    postalCode: NotRequired[str]


class ClassifiedDataPricesBuyCountrySpecificFr(TypedDict):
    isReducedNotaryFees: NotRequired[bool]
    notaryFeesFor: NotRequired[str]


class ClassifiedDataPricesBuyCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataPricesBuyCountrySpecificFr]


class ClassifiedDataPricesBuy(TypedDict):
    price: NotRequired[Price]
    minBuy: NotRequired[Price]
    housePrice: NotRequired[Price]
    plotPrice: NotRequired[Price]
    pricePerSqUnit: NotRequired[Price]
    parkingPrice: NotRequired[Price]
    operatingCosts: NotRequired[Price]
    rentalIncome: NotRequired[Price]
    isLeaseBuyCombi: NotRequired[bool]
    countrySpecific: NotRequired[ClassifiedDataPricesBuyCountrySpecific]


class ClassifiedDataPricesRentCountrySpecificFr(TypedDict):
    leaseRight: NotRequired[Price]
    accessPrice: NotRequired[Price]


class ClassifiedDataPricesRentCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataPricesRentCountrySpecificFr]


class ClassifiedDataPricesRent(TypedDict):
    baseRent: NotRequired[Price]
    minRent: NotRequired[Price]
    totalRent: NotRequired[Price]
    baseRentPerYear: NotRequired[Price]
    lease: NotRequired[Price]
    operatingCosts: NotRequired[Price]
    heatingCosts: NotRequired[Price]
    parkingRent: NotRequired[Price]
    priceTimeUnit: NotRequired[str]
    isHeatingIncludedInOC: NotRequired[bool]
    isHeatingIncludedInTR: NotRequired[bool]
    countrySpecific: NotRequired[ClassifiedDataPricesRentCountrySpecific]


class ClassifiedDataPricesBrokerageFeeCountrySpecificFr(TypedDict):
    feeScheduleLink: NotRequired[str]


class ClassifiedDataPricesBrokerageFeeCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataPricesBrokerageFeeCountrySpecificFr]


class ClassifiedDataPricesBrokerageFee(TypedDict):
    # YES, NO or NOT_APPLICABLE.
    hasFee: NotRequired[str | bool]
    feeFor: NotRequired[str]
    feePercentage: NotRequired[float]
    amount: NotRequired[float]
    isFeeIncluded: NotRequired[bool]
    countrySpecific: NotRequired[ClassifiedDataPricesBrokerageFeeCountrySpecific]


class ClassifiedDataPricesCountrySpecificFr(TypedDict):
    taxRegime: NotRequired[str]
    residentialLeaseType: NotRequired[str]
    taxReductionZone: NotRequired[str]
    isPTZeligible: NotRequired[bool]


class ClassifiedDataPricesCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataPricesCountrySpecificFr]


class ClassifiedDataPrices(TypedDict):
    currency: NotRequired[str]
    showPrice: NotRequired[bool]
    priceNote: NotRequired[dict[str, str]]
    buy: NotRequired[ClassifiedDataPricesBuy]
    rent: NotRequired[ClassifiedDataPricesRent]
    brokerageFee: NotRequired[ClassifiedDataPricesBrokerageFee]
    countrySpecific: NotRequired[ClassifiedDataPricesCountrySpecific]


class ClassifiedDataSpacesResidential(TypedDict):
    livingSpace: NotRequired[float]
    livingRoomSpace: NotRequired[float]
    balconySpace: NotRequired[float]
    terraceSpace: NotRequired[float]
    cellarSpace: NotRequired[float]
    gardenSpace: NotRequired[float]


class ClassifiedDataSpacesCommercial(TypedDict):
    commercialSpace: NotRequired[float]
    shopSpace: NotRequired[float]
    sellSpace: NotRequired[float]
    storageSpace: NotRequired[float]
    officeSpace: NotRequired[float]
    minDivisible: NotRequired[float]
    maxDivisible: NotRequired[float]


class ClassifiedDataSpaces(TypedDict):
    spaceMeasureUnit: NotRequired[str]
    overallSpace: NotRequired[float]
    usableFloorSpace: NotRequired[float]
    plotSpace: NotRequired[float]
    plotFront: NotRequired[float]
    spaceMin: NotRequired[float]
    spaceMax: NotRequired[float]
    additionalSpace: NotRequired[float]
    residential: NotRequired[ClassifiedDataSpacesResidential]
    commercial: NotRequired[ClassifiedDataSpacesCommercial]


class ClassifiedDataStructureRooms(TypedDict):
    numberOfRooms: NotRequired[float]
    numberOfBedRooms: NotRequired[int]
    numberOfBathRooms: NotRequired[int]
    numberOfToilets: NotRequired[int]
    numberOfKitchens: NotRequired[int]
    numberOfUnits: NotRequired[int]


class ClassifiedDataStructureBuildingElevator(TypedDict):
    # YES, NO or NOT_APPLICABLE.
    person: NotRequired[str | bool]
    # YES, NO or NOT_APPLICABLE.
    freight: NotRequired[str | bool]


class ClassifiedDataStructureBuilding(TypedDict):
    numberOfFloors: NotRequired[int]
    # YES, NO or NOT_APPLICABLE.
    cellar: NotRequired[str | bool]
    wallConstructionMaterial: NotRequired[list[str]]
    elevator: NotRequired[ClassifiedDataStructureBuildingElevator]
    kitchen: NotRequired[dict[str, Any]]
    withView: NotRequired[dict[str, Any]]


class ClassifiedDataStructure(TypedDict):
    rooms: NotRequired[ClassifiedDataStructureRooms]
    building: NotRequired[ClassifiedDataStructureBuilding]


class ClassifiedDataConditions(TypedDict):
    buildState: NotRequired[str]
    ageState: NotRequired[str]
    constructionStyle: NotRequired[str]
    yearOfConstruction: NotRequired[int]
    lastModernisation: NotRequired[int]


class ClassifiedDataEnergyCountrySpecificFrEnergyCertificate(TypedDict):
    certificateType: NotRequired[str]
    efficiencyClass: NotRequired[str]
    GHGEmissionClass: NotRequired[str]
    releaseDate: NotRequired[str]
    dateOfConsumptionCostEstimation: NotRequired[str]
    overallEnergyNeed: NotRequired[float]
    GHGEmission: NotRequired[float]
    energyConsumptionCostMin: NotRequired[float]
    energyConsumptionCostMax: NotRequired[float]
    finalConsumption: NotRequired[int]


class ClassifiedDataEnergyCountrySpecificFr(TypedDict):
    energyCertificate: NotRequired[ClassifiedDataEnergyCountrySpecificFrEnergyCertificate]
    houseEnergyStandardTypes: NotRequired[list[str]]


class ClassifiedDataEnergyCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataEnergyCountrySpecificFr]


class ClassifiedDataEnergy(TypedDict):
    countrySpecific: NotRequired[ClassifiedDataEnergyCountrySpecific]


class ClassifiedDataTexts(TypedDict):
    headline: NotRequired[dict[str, str]]
    description: NotRequired[dict[str, str]]
    features: NotRequired[dict[str, str]]
    area: NotRequired[dict[str, str]]
    extendedInformation: NotRequired[dict[str, str]]


class ClassifiedDataManagementCountrySpecificFr(TypedDict):
    isCondo: NotRequired[bool]
    isSyndicProcedure: NotRequired[bool]
    numberOfUnits: NotRequired[int]
    operatingCostsPerYear: NotRequired[float]
    procedureDetails: NotRequired[str]
    legalNotes: NotRequired[list[str]]


class ClassifiedDataManagementCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataManagementCountrySpecificFr]


class ClassifiedDataManagement(TypedDict):
    availableFrom: NotRequired[str]
    marketStatus: NotRequired[str]
    projectStatus: NotRequired[str]
    useFor: NotRequired[str]
    rent: NotRequired[dict[str, Any]]
    countrySpecific: NotRequired[ClassifiedDataManagementCountrySpecific]


class ClassifiedDataCountrySpecificFrAgentMandate(TypedDict):
    mandateNumber: NotRequired[str]
    mandateType: NotRequired[str]
    startDate: NotRequired[str]
    endDate: NotRequired[str]


class ClassifiedDataCountrySpecificFrCommercial(TypedDict):
    offer: NotRequired[list[str]]


class ClassifiedDataCountrySpecificFr(TypedDict):
    agentMandate: NotRequired[ClassifiedDataCountrySpecificFrAgentMandate]
    business: NotRequired[dict[str, Any]]
    commercial: NotRequired[ClassifiedDataCountrySpecificFrCommercial]
    risk: NotRequired[dict[str, Any]]
    subdivisions: NotRequired[dict[str, Any]]


class ClassifiedDataCountrySpecific(TypedDict):
    fr: NotRequired[ClassifiedDataCountrySpecificFr]


class ClassifiedDataMetaDataSource(TypedDict):
    sourceSystem: NotRequired[str]
    sourceSystemVersion: NotRequired[str]
    offererMarketingKey: NotRequired[str]
    # The CRM's own key.
    offererEstateId: str
    offererEstateGroupId: NotRequired[str]


class ClassifiedDataMetaData(TypedDict):
    source: ClassifiedDataMetaDataSource
    projectId: NotRequired[str]
    nbMedias: NotRequired[int]


class ClassifiedDataContact(TypedDict):
    mainContactPersonId: NotRequired[str]
    additionalContactPersonId: NotRequired[str]
    preferredContactType: NotRequired[str]
    displayedInformation: NotRequired[dict[str, Any]]


class ClassifiedDataBuildingPropertyUnitsItemUnitDescription(TypedDict):
    spaceMin: NotRequired[float]
    spaceMax: NotRequired[float]
    numberOfRoomsMin: NotRequired[float]
    numberOfRoomsMax: NotRequired[float]
    unitPriceMin: NotRequired[float]
    unitPriceMax: NotRequired[float]


class ClassifiedDataBuildingPropertyUnitsItem(TypedDict):
    propertyType: NotRequired[str]
    propertySubType: NotRequired[str]
    number: NotRequired[int]
    unitDescription: NotRequired[ClassifiedDataBuildingPropertyUnitsItemUnitDescription]


class ClassifiedDataBuildingProperty(TypedDict):
    units: NotRequired[list[ClassifiedDataBuildingPropertyUnitsItem]]
    program: NotRequired[dict[str, Any]]


class ClassifiedData(TypedDict):
    estateType: Literal[
        "HOUSE",
        "APARTMENT",
        "PLOT",
        "OFFICE",
        "TRADING",
        "GASTRONOMY_HOTEL",
        "STORAGE_PRODUCTION",
        "AGRICULTURE_FORESTRY",
        "PARKING",
        "SENIOR",
        "PROJECT",
        "MISCELLANEOUS",
    ]
    distributionType: Literal["BUY", "RENT", "COMPULSORY_AUCTION", "BUY_AUCTION"]
    estateSubType: NotRequired[dict[str, str]]
    location: ClassifiedDataLocation
    prices: ClassifiedDataPrices
    spaces: NotRequired[ClassifiedDataSpaces]
    structure: NotRequired[ClassifiedDataStructure]
    conditions: NotRequired[ClassifiedDataConditions]
    energy: NotRequired[ClassifiedDataEnergy]
    texts: NotRequired[ClassifiedDataTexts]
    management: NotRequired[ClassifiedDataManagement]
    countrySpecific: NotRequired[ClassifiedDataCountrySpecific]
    metaData: ClassifiedDataMetaData
    contact: NotRequired[ClassifiedDataContact]
    buildingProperty: NotRequired[ClassifiedDataBuildingProperty]


class ClassifiedSpecificOlx(TypedDict):
    """A site's member wins over `default`'s; `attributes` merge by `urn`."""

    default: NotRequired[OlxOverrides]
    IMOVIRTUAL: NotRequired[OlxOverrides]
    OTODOM: NotRequired[OlxOverrides]
    STORIA: NotRequired[OlxOverrides]
    OLXRO: NotRequired[OlxOverrides]


class ClassifiedSpecificSpotahome(TypedDict):
    account: NotRequired[str]
    ownerId: NotRequired[str]
    cityId: NotRequired[str]
    type: NotRequired[str]
    totalUnits: NotRequired[int]
    rentableUnits: NotRequired[int]
    location: NotRequired[dict[str, Any]]


class ClassifiedSpecific(TypedDict):
    gsl: NotRequired[dict[str, Any]]
    iwt: NotRequired[dict[str, Any]]
    olx: NotRequired[ClassifiedSpecificOlx]
    spotahome: NotRequired[ClassifiedSpecificSpotahome]


class ClassifiedMediaItem(TypedDict):
    url: NotRequired[str]
    mediaType: NotRequired[str]
    category: NotRequired[str]
    title: NotRequired[str]
    tags: NotRequired[list[str]]


class Classified(TypedDict):
    """AVIV's `AvivClassified` with every portal's code. The members named here are type-checked, others are kept and
    passed on; what a portal asks beyond this shape ends in that portal's `problem` and never blocks another one.
    """

    portals: list[Portal]
    data: ClassifiedData
    specific: NotRequired[ClassifiedSpecific]
    media: NotRequired[list[ClassifiedMediaItem]]


class OlxOverridesAttributesItem(TypedDict):
    urn: NotRequired[str]
    value: NotRequired[str]


class OlxOverridesContact(TypedDict):
    name: NotRequired[str]
    email: NotRequired[str]
    phone: NotRequired[str]
    photo: NotRequired[str]


class OlxOverridesLocation(TypedDict):
    lat: NotRequired[float]
    lon: NotRequired[float]
    exact: NotRequired[bool]
    cityId: NotRequired[int]
    districtId: NotRequired[int]
    streetName: NotRequired[str]


class OlxOverrides(TypedDict):
    account: NotRequired[str]
    categoryUrn: NotRequired[str]
    title: NotRequired[str]
    description: NotRequired[str]
    market: NotRequired[str]
    parentUuid: NotRequired[str]
    price: NotRequired[Money]
    rentPrice: NotRequired[Money]
    depositPrice: NotRequired[Money]
    autoExtend: NotRequired[bool]
    attributes: NotRequired[list[OlxOverridesAttributesItem]]
    contact: NotRequired[OlxOverridesContact]
    location: NotRequired[OlxOverridesLocation]


class Price(TypedDict):
    amount: NotRequired[float]
    vatValue: NotRequired[float]
    vatPercent: NotRequired[float]
    isVatIncluded: NotRequired[bool]
    priceInformation: NotRequired[str]


class Money2(TypedDict):
    value: float
    currency: NotRequired[str]


Money: TypeAlias = float | Money2


class Geometry1(TypedDict):
    type: Literal["Point"]
    coordinates: list[float]


class Geometry2(TypedDict):
    type: NotRequired[str]
    coordinates: NotRequired[list[Any]]


Geometry: TypeAlias = Geometry1 | Geometry2


class StoredClassified(Classified):
    classifiedId: str
    revision: int


class ShownClassified(StoredClassified):
    # One entry per portal.
    latest: list[StatusEntry]


class ClassifiedPage(TypedDict):
    items: list[StoredClassified]
    nextToken: NotRequired[str]


class Portals(TypedDict):
    # All that the classified lists where absent.
    portals: NotRequired[list[Portal]]


class AckLinksItem(TypedDict):
    statuses: str


class Ack(TypedDict):
    classifiedId: str
    links: list[AckLinksItem]
    revision: int


class StatusEntryMediaStatusesItem(TypedDict):
    url: str
    status: str


class StatusEntryAdvertModeration(TypedDict):
    reason: NotRequired[str | None]
    description: NotRequired[str | None]


class StatusEntryAdvert(TypedDict):
    """What the portal says of the advert."""

    # The portal's id.
    id: NotRequired[str]
    state: Literal[
        "absent", "pending", "live", "blocked", "unpaid", "rejected", "expired", "paused", "withdrawn", "unknown"
    ]
    # The portal's own word.
    code: NotRequired[str]
    url: NotRequired[str]
    expiresAt: NotRequired[str]
    live: bool
    nextOperations: list[Literal["POST", "PUT", "DELETE", "DEACTIVATE", "ACTIVATE"]]
    moderation: NotRequired[StatusEntryAdvertModeration]


class StatusEntry(TypedDict):
    """V4's `ClassifiedStatusInternal`, and why something is not live and who must act."""

    statusId: str
    classifiedId: str
    customerId: str
    # When the hub learned it; lists are ordered by it.
    creationDate: str
    revision: int
    portals: list[Portal]
    # One remote advert each.
    channel: Literal["aviv", "imovirtual", "otodom", "storia", "olxro", "spotahome"]
    status: Status
    message: str
    subStatus: NotRequired[str]
    subStatusDetails: NotRequired[str]
    # The source's own time.
    statusDate: str
    # `applied`, or why it changed nothing.
    outcome: Literal["applied", "unchanged", "stale", "refused", "unknown", "superseded"]
    # Who said so.
    source: Literal["callback", "poll", "answer", "hub"]
    mediaStatuses: NotRequired[list[StatusEntryMediaStatusesItem]]
    advert: NotRequired[StatusEntryAdvert]
    problem: NotRequired[PortalProblem]
    # All of them where there are several.
    problems: NotRequired[list[PortalProblem]]
    # What was changed to fit the portal.
    normalised: NotRequired[list[Change]]


class StatusPage(TypedDict):
    items: list[StatusEntry]
    nextToken: NotRequired[str]


class PublicationPortalsItem(TypedDict):
    portal: Portal
    health: Literal["problem", "pending", "live", "off"]
    status: Status
    revision: int
    changedAt: str
    state: Literal[
        "absent", "pending", "live", "blocked", "unpaid", "rejected", "expired", "paused", "withdrawn", "unknown"
    ]
    live: bool
    problem: NotRequired[PortalProblem]


class Publication(TypedDict):
    """One listing on one channel, as bad as its worst portal."""

    classifiedId: str
    channel: Literal["aviv", "imovirtual", "otodom", "storia", "olxro", "spotahome"]
    health: Literal["problem", "pending", "live", "off"]
    # The CRM's own key.
    offererEstateId: NotRequired[str]
    # Its headline, in the language asked for where there is one.
    title: NotRequired[str]
    city: NotRequired[str]
    portals: list[PublicationPortalsItem]


class PublicationPage(TypedDict):
    items: list[Publication]
    nextToken: NotRequired[str]


class Changes(TypedDict):
    # Oldest first.
    items: list[StatusEntry]
    # For `since` of the next call; the same as before where there is nothing new.
    cursor: str


Change = TypedDict(
    "Change",
    {
        "field": Required["str"],
        "from": Required["Any"],
        "to": Required["Any"],
    },
)


class PortalProblem(TypedDict):
    """Why it is not live and who must act."""

    code: Literal[
        "credentials_invalid",
        "missing_field",
        "invalid_field",
        "not_connected",
        "account_ambiguous",
        "consent_revoked",
        "payment_required",
        "quota_reached",
        "moderated",
        "expired",
        "package_expired",
        "removed_on_portal",
        "parent_removed",
        "media_refused",
        "manual_step",
        "unverified",
        "unmapped_category",
        "not_permitted",
        "unsupported",
        "portal_unavailable",
        "overdue",
        "not_live_yet",
        "rejected_by_portal",
        "repost_wait",
        "credentials_app",
        "hub_error",
    ]
    actor: Literal["agency", "crm", "hub", "portal"]
    # Whether a retry with the same body can succeed.
    retriable: bool
    # JSON pointer into the classified.
    field: NotRequired[str]
    detail: str
    hint: str


class Verdict(TypedDict):
    # Whether nothing the hub knows of stands against it.
    ready: bool
    problems: list[PortalProblem]
    normalised: list[Change]
    # The body the portal would be sent, for all ready portals of its channel.
    payload: dict[str, Any]


class Preflight(TypedDict):
    portals: dict[str, Verdict]


class Batch(TypedDict):
    items: list[BatchItem]


class BatchItem1(TypedDict):
    op: Literal["put"]
    classified: Classified
    # That of the classified.
    offererEstateId: NotRequired[str]


class BatchItem2(TypedDict):
    op: Literal["delete"]
    # The CRM's own key.
    offererEstateId: str


class BatchItem3(TypedDict):
    """A deletion that names the key by its classified."""

    op: Literal["delete"]
    classified: Classified


BatchItem: TypeAlias = BatchItem1 | BatchItem2 | BatchItem3


class BatchVerdictsItemsItem(TypedDict):
    # That of the single call.
    status: int
    ack: NotRequired[Ack]
    problem: NotRequired[Problem]


class BatchVerdicts(TypedDict):
    # One verdict for each item, in order.
    items: list[BatchVerdictsItemsItem]


class Webhook(TypedDict):
    # https, a host with public addresses alone; no user info, query or fragment. One trailing `/` is dropped.
    url: str
    # All where absent.
    statuses: NotRequired[
        list[
            Literal[
                "RECEIVING",
                "RECEIVED",
                "RECEIVING_FAILED",
                "CREATING",
                "CREATED",
                "CREATING_FAILED",
                "UPDATING",
                "UPDATED",
                "UPDATING_FAILED",
                "DELETING",
                "DELETED",
                "DELETING_FAILED",
            ]
        ]
    ]
    # Whether a change of `advert.live` is told too; true where absent.
    liveChanges: NotRequired[bool]


class Subscription(TypedDict):
    url: str
    statuses: list[
        Literal[
            "RECEIVING",
            "RECEIVED",
            "RECEIVING_FAILED",
            "CREATING",
            "CREATED",
            "CREATING_FAILED",
            "UPDATING",
            "UPDATED",
            "UPDATING_FAILED",
            "DELETING",
            "DELETED",
            "DELETING_FAILED",
        ]
    ]
    liveChanges: bool
    # `whsec_…`; only with the scope `placard/write`.
    secret: NotRequired[str]
    state: Literal["active", "failing", "paused"]
    warning: NotRequired[str]
    failingSince: NotRequired[str]


class Secret(TypedDict):
    # Signs beside the former one, which is valid for 24 hours more.
    secret: str


class Replay(TypedDict):
    # Entries created since then are told again, in order.
    since: str


class ToldEntry(StatusEntry):
    # The CRM's own key.
    offererEstateId: str


class ListingProcessState(TypedDict):
    state: Literal["cancelled", "propertyVerified", "propertyUnverified", "waitingContent", "waitingProperty"]


class ListingProcess(TypedDict):
    id: int
    locator: NotRequired[str | None]
    accountId: NotRequired[str | None]
    propertyId: NotRequired[str | None]
    agentId: NotRequired[str | None]
    state: ListingProcessState


class ListingProcessPageLinksSelf(TypedDict):
    href: str


class ListingProcessPageLinksFirst(TypedDict):
    href: str


class ListingProcessPageLinksLast(TypedDict):
    href: str


class ListingProcessPageLinksNext(TypedDict):
    href: str


class ListingProcessPageLinksPrevious(TypedDict):
    href: str


class ListingProcessPageLinks(TypedDict):
    self: ListingProcessPageLinksSelf
    first: ListingProcessPageLinksFirst
    last: ListingProcessPageLinksLast
    next: NotRequired[ListingProcessPageLinksNext]
    previous: NotRequired[ListingProcessPageLinksPrevious]


ListingProcessPageEmbedded = TypedDict(
    "ListingProcessPageEmbedded",
    {
        "sah:listing-processes": Required["list[ListingProcess]"],
    },
)


class ListingProcessPage(TypedDict):
    """A HAL page (seed 004)."""

    count: int
    total: int
    _links: ListingProcessPageLinks
    _embedded: ListingProcessPageEmbedded


class ListingProcessStatePageLinksSelf(TypedDict):
    href: str


class ListingProcessStatePageLinksFirst(TypedDict):
    href: str


class ListingProcessStatePageLinksLast(TypedDict):
    href: str


class ListingProcessStatePageLinksNext(TypedDict):
    href: str


class ListingProcessStatePageLinksPrevious(TypedDict):
    href: str


class ListingProcessStatePageLinks(TypedDict):
    self: ListingProcessStatePageLinksSelf
    first: ListingProcessStatePageLinksFirst
    last: ListingProcessStatePageLinksLast
    next: NotRequired[ListingProcessStatePageLinksNext]
    previous: NotRequired[ListingProcessStatePageLinksPrevious]


class ListingProcessStatePageEmbeddedSahListingProcessStatesItem(TypedDict):
    state: Literal["cancelled", "propertyVerified", "propertyUnverified", "waitingContent", "waitingProperty"]


ListingProcessStatePageEmbedded = TypedDict(
    "ListingProcessStatePageEmbedded",
    {
        "sah:listing-process:states": Required["list[ListingProcessStatePageEmbeddedSahListingProcessStatesItem]"],
    },
)


class ListingProcessStatePage(TypedDict):
    """A HAL page (seed 004)."""

    count: int
    total: int
    _links: ListingProcessStatePageLinks
    _embedded: ListingProcessStatePageEmbedded


class Assignation(TypedDict):
    agentId: str


class ListingProcessProblem(TypedDict):
    """An error of seed 004."""

    type: str
    title: str
    status: int
    detail: str
    # With 422: one member for each field that is wrong.
    validationMessages: NotRequired[dict[str, Any]]


class ProblemErrorsItem(TypedDict):
    # JSON pointer into the body, or the parameter's or header's name.
    name: str
    reason: str


class Problem(TypedDict):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    # The request's traceparent, else its id.
    instance: str
    errorSource: NotRequired[Literal["body", "requestParameter", "header", "contentType"]]
    errors: NotRequired[list[ProblemErrorsItem]]
    # With a duplicated key.
    classifiedId: NotRequired[str]


class Message(TypedDict):
    """An answer of API Gateway itself."""

    message: str | None
