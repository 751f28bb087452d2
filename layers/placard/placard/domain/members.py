"""The members of a classified that the contract names, and their types.

Sources: contracts/aviv.md §3.2; contracts/hub.md §2, The classified. Only types are said here. What a portal asks
beyond them (lengths, closed lists, what must be there) is that portal's rule and ends in that portal's `problem`, so
that one portal's missing data never blocks another. The two exceptions are the enums every mapping branches on, and
amounts, which are never negative.
"""

from __future__ import annotations

from enum import Enum, auto

from placard.domain.channels import CHANNEL_OF, PROVIDER_OF


class Shape(Enum):
    """What a member must be."""

    STRING = auto()
    NUMBER = auto()
    AMOUNT = auto()  # a number that is not negative
    INTEGER = auto()
    BOOLEAN = auto()
    CHOICE = auto()  # YES, NO or NOT_APPLICABLE; older senders write booleans
    OBJECT = auto()
    TEXTS = auto()  # an object of strings, keyed by language or by kind
    STRINGS = auto()  # a list of strings
    OBJECTS = auto()  # a list of objects
    PRICE = auto()  # the price object of contracts/aviv.md §3.2
    MONEY = auto()  # a number, or a number and its currency
    GEOMETRY = auto()  # GeoJSON


_S = Shape
ESTATE_TYPES = (
    "HOUSE", "APARTMENT", "PLOT", "OFFICE", "TRADING", "GASTRONOMY_HOTEL", "STORAGE_PRODUCTION", "AGRICULTURE_FORESTRY",
    "PARKING", "SENIOR", "PROJECT", "MISCELLANEOUS",
)  # fmt: skip
DISTRIBUTION_TYPES = ("BUY", "RENT", "COMPULSORY_AUCTION", "BUY_AUCTION")
REQUIRED = (
    "/portals",
    "/data/estateType",
    "/data/distributionType",
    "/data/location",
    "/data/prices",
    "/data/metaData/source/offererEstateId",
)
CHOICES = {"/data/estateType": ESTATE_TYPES, "/data/distributionType": DISTRIBUTION_TYPES}

_OLX_OVERRIDES = {
    "": {
        _S.STRING: "account categoryUrn title description market parentUuid",
        _S.MONEY: "price rentPrice depositPrice",
        _S.BOOLEAN: "autoExtend",
        _S.OBJECTS: "attributes",
        _S.OBJECT: "contact location",
    },
    "/attributes/*": {_S.STRING: "urn value"},
    "/contact": {_S.STRING: "name email phone photo"},
    "/location": {_S.NUMBER: "lat lon", _S.BOOLEAN: "exact", _S.INTEGER: "cityId districtId", _S.STRING: "streetName"},
}
_OLX_KEYS = ("default", *(portal for portal, channel in CHANNEL_OF.items() if PROVIDER_OF[channel] == "olx"))

# Pointer of the object → type → its members. `*` stands for every item of a list.
MEMBERS: dict[str, dict[Shape, str]] = {
    "": {_S.OBJECT: "data specific", _S.OBJECTS: "media"},
    "/media/*": {_S.STRING: "url mediaType category title", _S.STRINGS: "tags"},
    "/data": {
        _S.STRING: "estateType distributionType",
        _S.TEXTS: "estateSubType",
        _S.OBJECT: "location prices spaces structure conditions energy texts management countrySpecific metaData "
        "contact buildingProperty",
    },
    "/data/location": {
        _S.STRING: "postalcode city street houseNumber country unit staircase entrance state",
        _S.INTEGER: "floorNumber",
        _S.GEOMETRY: "geometry",
        _S.TEXTS: "locationNote",
        _S.OBJECT: "countrySpecific",
        _S.BOOLEAN: "showAddress",
    },
    "/data/location/countrySpecific": {_S.OBJECT: "fr"},
    "/data/location/countrySpecific/fr": {_S.STRING: "inseeCode"},
    "/data/prices": {
        _S.STRING: "currency",
        _S.BOOLEAN: "showPrice",
        _S.TEXTS: "priceNote",
        _S.OBJECT: "buy rent brokerageFee countrySpecific",
    },
    "/data/prices/buy": {
        _S.PRICE: "price minBuy housePrice plotPrice pricePerSqUnit parkingPrice operatingCosts rentalIncome",
        _S.BOOLEAN: "isLeaseBuyCombi",
        _S.OBJECT: "countrySpecific",
    },
    "/data/prices/buy/countrySpecific": {_S.OBJECT: "fr"},
    "/data/prices/buy/countrySpecific/fr": {_S.BOOLEAN: "isReducedNotaryFees", _S.STRING: "notaryFeesFor"},
    "/data/prices/rent": {
        _S.PRICE: "baseRent minRent totalRent baseRentPerYear lease operatingCosts heatingCosts parkingRent",
        _S.STRING: "priceTimeUnit",
        _S.BOOLEAN: "isHeatingIncludedInOC isHeatingIncludedInTR",
        _S.OBJECT: "countrySpecific",
    },
    "/data/prices/rent/countrySpecific": {_S.OBJECT: "fr"},
    "/data/prices/rent/countrySpecific/fr": {_S.PRICE: "leaseRight accessPrice"},
    "/data/prices/brokerageFee": {
        _S.CHOICE: "hasFee",
        _S.STRING: "feeFor",
        _S.NUMBER: "feePercentage",
        _S.AMOUNT: "amount",
        _S.BOOLEAN: "isFeeIncluded",
        _S.OBJECT: "countrySpecific",
    },
    "/data/prices/brokerageFee/countrySpecific": {_S.OBJECT: "fr"},
    "/data/prices/brokerageFee/countrySpecific/fr": {_S.STRING: "feeScheduleLink"},
    "/data/prices/countrySpecific": {_S.OBJECT: "fr"},
    "/data/prices/countrySpecific/fr": {
        _S.STRING: "taxRegime residentialLeaseType taxReductionZone",
        _S.BOOLEAN: "isPTZeligible",
    },
    "/data/spaces": {
        _S.STRING: "spaceMeasureUnit",
        _S.NUMBER: "overallSpace usableFloorSpace plotSpace plotFront spaceMin spaceMax additionalSpace",
        _S.OBJECT: "residential commercial",
    },
    "/data/spaces/residential": {
        _S.NUMBER: "livingSpace livingRoomSpace balconySpace terraceSpace cellarSpace gardenSpace"
    },
    "/data/spaces/commercial": {
        _S.NUMBER: "commercialSpace shopSpace sellSpace storageSpace officeSpace minDivisible maxDivisible"
    },
    "/data/structure": {_S.OBJECT: "rooms building"},
    "/data/structure/rooms": {
        _S.NUMBER: "numberOfRooms",
        _S.INTEGER: "numberOfBedRooms numberOfBathRooms numberOfToilets numberOfKitchens numberOfUnits",
    },
    "/data/structure/building": {
        _S.INTEGER: "numberOfFloors",
        _S.CHOICE: "cellar",
        _S.STRINGS: "wallConstructionMaterial",
        _S.OBJECT: "elevator kitchen withView",
    },
    "/data/structure/building/elevator": {_S.CHOICE: "person freight"},
    "/data/conditions": {
        _S.STRING: "buildState ageState constructionStyle",
        _S.INTEGER: "yearOfConstruction lastModernisation",
    },
    "/data/energy": {_S.OBJECT: "countrySpecific"},
    "/data/energy/countrySpecific": {_S.OBJECT: "fr"},
    "/data/energy/countrySpecific/fr": {_S.OBJECT: "energyCertificate", _S.STRINGS: "houseEnergyStandardTypes"},
    "/data/energy/countrySpecific/fr/energyCertificate": {
        _S.STRING: "certificateType efficiencyClass GHGEmissionClass releaseDate dateOfConsumptionCostEstimation",
        _S.NUMBER: "overallEnergyNeed GHGEmission energyConsumptionCostMin energyConsumptionCostMax",
        _S.INTEGER: "finalConsumption",
    },
    "/data/texts": {_S.TEXTS: "headline description features area extendedInformation"},
    "/data/management": {
        _S.STRING: "availableFrom marketStatus projectStatus useFor",
        _S.OBJECT: "rent countrySpecific",
    },
    "/data/management/countrySpecific": {_S.OBJECT: "fr"},
    "/data/management/countrySpecific/fr": {
        _S.BOOLEAN: "isCondo isSyndicProcedure",
        _S.INTEGER: "numberOfUnits",
        _S.NUMBER: "operatingCostsPerYear",
        _S.STRING: "procedureDetails",
        _S.STRINGS: "legalNotes",
    },
    "/data/countrySpecific": {_S.OBJECT: "fr"},
    "/data/countrySpecific/fr": {_S.OBJECT: "agentMandate business commercial risk subdivisions"},
    "/data/countrySpecific/fr/agentMandate": {_S.STRING: "mandateNumber mandateType startDate endDate"},
    "/data/countrySpecific/fr/commercial": {_S.STRINGS: "offer"},
    "/data/metaData": {_S.OBJECT: "source", _S.STRING: "projectId", _S.INTEGER: "nbMedias"},
    "/data/metaData/source": {
        _S.STRING: "sourceSystem sourceSystemVersion offererMarketingKey offererEstateId offererEstateGroupId"
    },
    "/data/contact": {
        _S.STRING: "mainContactPersonId additionalContactPersonId preferredContactType",
        _S.OBJECT: "displayedInformation",
    },
    "/data/buildingProperty": {_S.OBJECTS: "units", _S.OBJECT: "program"},
    "/data/buildingProperty/units/*": {
        _S.STRING: "propertyType propertySubType",
        _S.INTEGER: "number",
        _S.OBJECT: "unitDescription",
    },
    "/data/buildingProperty/units/*/unitDescription": {
        _S.NUMBER: "spaceMin spaceMax numberOfRoomsMin numberOfRoomsMax",
        _S.AMOUNT: "unitPriceMin unitPriceMax",
    },
    "/specific": {_S.OBJECT: "gsl iwt olx spotahome"},
    "/specific/olx": {_S.OBJECT: " ".join(_OLX_KEYS)},
    **{f"/specific/olx/{key}{path}": members for key in _OLX_KEYS for path, members in _OLX_OVERRIDES.items()},
    "/specific/spotahome": {
        _S.STRING: "account ownerId cityId type",
        _S.INTEGER: "totalUnits rentableUnits",
        _S.OBJECT: "location",
    },
}
PRICE_MEMBERS: dict[Shape, str] = {
    _S.AMOUNT: "amount",
    _S.NUMBER: "vatValue vatPercent",
    _S.BOOLEAN: "isVatIncluded",
    _S.STRING: "priceInformation",
}
