"""The classified as pydantic models. Members the contract does not name are kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Amount = Annotated[float, Field(ge=0)]
Choice = Literal["YES", "NO", "NOT_APPLICABLE"] | bool
Texts = dict[str, str]
Portal = Literal["SL", "BD", "BUCOM", "SLN", "SLC", "IMOVIRTUAL", "OTODOM", "STORIA", "OLXRO", "SPOTAHOME"]


class Part(BaseModel):
    """What all parts have in common: the contract's own spelling, and room for more."""

    model_config = ConfigDict(extra="allow")


class EstateType(StrEnum):
    HOUSE = "HOUSE"
    APARTMENT = "APARTMENT"
    PLOT = "PLOT"
    OFFICE = "OFFICE"
    TRADING = "TRADING"
    GASTRONOMY_HOTEL = "GASTRONOMY_HOTEL"
    STORAGE_PRODUCTION = "STORAGE_PRODUCTION"
    AGRICULTURE_FORESTRY = "AGRICULTURE_FORESTRY"
    PARKING = "PARKING"
    SENIOR = "SENIOR"
    PROJECT = "PROJECT"
    MISCELLANEOUS = "MISCELLANEOUS"


class DistributionType(StrEnum):
    BUY = "BUY"
    RENT = "RENT"
    COMPULSORY_AUCTION = "COMPULSORY_AUCTION"
    BUY_AUCTION = "BUY_AUCTION"


class Media(Part):
    url: str | None = None
    mediaType: str | None = None
    category: str | None = None
    title: str | None = None
    tags: list[str] = []


class Geometry(Part):
    type: str | None = None
    coordinates: list[Any] = []


class Location(Part):
    postalcode: str | None = None
    city: str | None = None
    street: str | None = None
    houseNumber: str | None = None
    country: str | None = None
    unit: str | None = None
    staircase: str | None = None
    entrance: str | None = None
    state: str | None = None
    floorNumber: int | None = None
    geometry: Geometry | None = None
    locationNote: Texts | None = None
    countrySpecific: dict[str, Any] | None = None
    showAddress: bool | None = None


class Price(Part):
    amount: Amount | None = None
    vatValue: float | None = None
    vatPercent: float | None = None
    isVatIncluded: bool | None = None
    priceInformation: str | None = None


class Buy(Part):
    price: Price | None = None
    minBuy: Price | None = None
    housePrice: Price | None = None
    plotPrice: Price | None = None
    pricePerSqUnit: Price | None = None
    parkingPrice: Price | None = None
    operatingCosts: Price | None = None
    rentalIncome: Price | None = None
    isLeaseBuyCombi: bool | None = None
    countrySpecific: dict[str, Any] | None = None


class Rent(Part):
    baseRent: Price | None = None
    minRent: Price | None = None
    totalRent: Price | None = None
    baseRentPerYear: Price | None = None
    lease: Price | None = None
    operatingCosts: Price | None = None
    heatingCosts: Price | None = None
    parkingRent: Price | None = None
    priceTimeUnit: str | None = None
    isHeatingIncludedInOC: bool | None = None
    isHeatingIncludedInTR: bool | None = None
    countrySpecific: dict[str, Any] | None = None


class BrokerageFee(Part):
    hasFee: Choice | None = None
    feeFor: str | None = None
    feePercentage: float | None = None
    amount: Amount | None = None
    isFeeIncluded: bool | None = None
    countrySpecific: dict[str, Any] | None = None


class Prices(Part):
    currency: str | None = None
    showPrice: bool | None = None
    priceNote: Texts | None = None
    buy: Buy | None = None
    rent: Rent | None = None
    brokerageFee: BrokerageFee | None = None
    countrySpecific: dict[str, Any] | None = None


class Residential(Part):
    livingSpace: float | None = None
    livingRoomSpace: float | None = None
    balconySpace: float | None = None
    terraceSpace: float | None = None
    cellarSpace: float | None = None
    gardenSpace: float | None = None


class Spaces(Part):
    spaceMeasureUnit: str | None = None
    overallSpace: float | None = None
    usableFloorSpace: float | None = None
    plotSpace: float | None = None
    residential: Residential | None = None
    commercial: dict[str, Any] | None = None


class Rooms(Part):
    numberOfRooms: float | None = None
    numberOfBedRooms: int | None = None
    numberOfBathRooms: int | None = None
    numberOfToilets: int | None = None
    numberOfKitchens: int | None = None
    numberOfUnits: int | None = None


class Elevator(Part):
    person: Choice | None = None
    freight: Choice | None = None


class Building(Part):
    numberOfFloors: int | None = None
    cellar: Choice | None = None
    wallConstructionMaterial: list[str] = []
    elevator: Elevator | None = None


class Structure(Part):
    rooms: Rooms | None = None
    building: Building | None = None


class Conditions(Part):
    buildState: str | None = None
    ageState: str | None = None
    constructionStyle: str | None = None
    yearOfConstruction: int | None = None
    lastModernisation: int | None = None


class EnergyCertificate(Part):
    certificateType: str | None = None
    efficiencyClass: str | None = None
    GHGEmissionClass: str | None = None
    releaseDate: str | None = None
    overallEnergyNeed: float | None = None
    GHGEmission: float | None = None
    energyConsumptionCostMin: float | None = None
    energyConsumptionCostMax: float | None = None
    dateOfConsumptionCostEstimation: str | None = None
    finalConsumption: int | None = None


class FrenchEnergy(Part):
    energyCertificate: EnergyCertificate | None = None
    houseEnergyStandardTypes: list[str] = []


class EnergyByCountry(Part):
    fr: FrenchEnergy | None = None


class Energy(Part):
    countrySpecific: EnergyByCountry | None = None


class Descriptions(Part):
    headline: Texts | None = None
    description: Texts | None = None
    features: Texts | None = None
    area: Texts | None = None
    extendedInformation: Texts | None = None


class Management(Part):
    availableFrom: str | None = None
    marketStatus: str | None = None
    projectStatus: str | None = None
    useFor: str | None = None
    rent: dict[str, Any] | None = None
    countrySpecific: dict[str, Any] | None = None


class Source(Part):
    sourceSystem: str | None = None
    sourceSystemVersion: str | None = None
    offererMarketingKey: str | None = None
    offererEstateId: str = Field(min_length=1, max_length=512)
    offererEstateGroupId: str | None = None


class MetaData(Part):
    source: Source
    projectId: str | None = None
    nbMedias: int | None = None


class Contact(Part):
    mainContactPersonId: str | None = None
    additionalContactPersonId: str | None = None
    preferredContactType: str | None = None


class Data(Part):
    estateType: EstateType
    estateSubType: Texts | None = None
    distributionType: DistributionType
    location: Location
    prices: Prices
    spaces: Spaces | None = None
    structure: Structure | None = None
    conditions: Conditions | None = None
    energy: Energy | None = None
    texts: Descriptions | None = None
    management: Management | None = None
    countrySpecific: dict[str, Any] | None = None
    metaData: MetaData
    contact: Contact | None = None
    buildingProperty: dict[str, Any] | None = None


class Classified(Part):
    """The body of a POST or a PUT."""

    portals: list[Portal] = Field(min_length=1)
    data: Data
    media: list[Media] = []
    specific: dict[str, Any] | None = None


class Link(BaseModel):
    """Where to read on."""

    statuses: str


class Ack(BaseModel):
    """The answer to a wish taken."""

    classifiedId: str
    links: list[Link]
    revision: int
