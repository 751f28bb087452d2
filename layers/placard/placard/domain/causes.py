"""What can be wrong, each cause once for all portals: its code (`problems.CATALOGUE`) and its wording.

Portals name causes, so that the same cause has the same code and the same words everywhere. The wordings are English: they
carry the CRM's member names and the portals' own words; `problems.Kind` has the hints for people, in every language.
"""

from __future__ import annotations

from enum import Enum, unique

# Where a portal refuses and says nothing more.
NO_REASON = "The portal gave no reason."
# Where an advert is not live and the portal has only a word for it.
SHOWN_AS = "The portal shows the advert as {word}."


@unique
class Cause(Enum):
    """One cause: its code, and its wording with the names of the values it takes."""

    # --- the listing ---
    MISSING = "missing_field", "{portal} demands {what}."
    REFUSED_FIELD = "invalid_field", "{name}: {said}"
    TEXT_LENGTH = "invalid_field", "The {name} must have {least} to {most} characters; it has {length}."
    TEXT_TOO_SHORT = "invalid_field", "The {name} must have at least {least} characters; it has {length}."
    TEXT_HOLDS = "invalid_field", "The {name} must not hold {what}."
    PHONE = "invalid_field", "A phone number has {least} to {most} digits."
    PRICE_IMPOSSIBLE = "invalid_field", "The price cannot be right."
    PRICE_TOO_LOW = "invalid_field", "{portal} takes prices from {least} in this place."
    PRICE_NOT_THE_SUM = "invalid_field", "{portal}: the price is the sum of housePrice and plotPrice."
    CURRENCY = "invalid_field", "{portal} takes {currencies}."
    SURFACE_TOO_SMALL = "invalid_field", "{portal} takes surfaces from {least} m²."
    NUMBER_TOO_LOW = "invalid_field", "{portal} takes {name} from {least}."
    NUMBER_OUTSIDE = "invalid_field", "{portal} takes {name} from {least} to {most}."
    UNITS_REVERSED = "invalid_field", "{portal}: rentableUnits is above totalUnits."
    SPACES_REVERSED = "invalid_field", "{portal}: spaceMin is above spaceMax."
    BUILD_STATE = "invalid_field", "{portal} takes buildState {only} only."
    OFFER_WITHOUT_PORTAL = "invalid_field", "The offer {offer} needs {portal} among the portals."
    OTHER_CATEGORY = "invalid_field", "{portal} knows {only}, not {value}."
    CATEGORY = "unmapped_category", "{portal}'s category for such a listing is not known."
    ESTATE_TYPE = "unsupported", "{portal} takes estates of type {only} only."
    DISTRIBUTION_TYPE = "unsupported", "{portal} takes {only} only."
    FORBIDDEN = "unsupported", "{portal} takes no {word}."
    CITY = "unsupported", "{portal} takes no property in {city}: {only}."

    # --- its media ---
    MEDIA_REFUSED = "media_refused", "The portal refused {count} of the media: {named}.{steps}"
    MEDIA_REFUSED_UNNAMED = "media_refused", "The portal refused some of the media and does not say which."
    MEDIA_NOT_UNIQUE = "media_refused", "{said} Give each medium of each listing a URL of its own."
    MEDIA_NOT_FETCHED = (
        "media_refused",
        (
            "AVIV could not fetch it: make the URL public, then save the listing with a new `timestamp` in the URL; "
            "if that does not help, ask AVIV's customer care to replay it."
        ),
    )
    MEDIA_NOT_USABLE = (
        "media_refused",
        "AVIV could not use it: replace the file, then save the listing with a new `timestamp` in the URL.",
    )

    # --- the agency's account ---
    NO_ACCOUNT = "not_connected", "No account of {portal} is connected."
    NO_SUCH_ACCOUNT = "not_connected", "The account {account} is not connected."
    NO_CONSENT = "not_connected", "The account has not given its consent yet."
    SEVERAL_ACCOUNTS = "account_ambiguous", "Several accounts of {portal} are connected and the listing names none."
    ACCOUNT_INCOMPLETE = "credentials_invalid", "The account has no {what}."
    ACCOUNT_REFUSED = "credentials_invalid", "{portal} gives no token for this account."
    ACCOUNT_MAY_NOT = "credentials_invalid", "{portal} does not let this account do this."
    ACCOUNT_TOKEN_REFUSED = "credentials_invalid", "{portal} refuses a token it has just given."
    CONSENT_REVOKED = "consent_revoked", "The account no longer lets the hub act for it."

    # --- the hub's own credentials ---
    NO_APP = "credentials_app", "The hub has no credentials for {portal}."
    NO_PATH_KEY = "credentials_app", "The hub has no key for its callback addresses."
    APP_REFUSED = "credentials_app", "{portal} refuses the hub's own credentials."
    SCOPE_MISSING = "credentials_app", "{portal} does not let the hub do this: a scope is missing."
    NEW_TOKEN_REFUSED = "credentials_app", "{portal} refuses a token it has just given."

    # --- what people do at the portal ---
    CHANGED_BY_HAND = "manual_step", "{portal} takes changes from people alone: make this one in its own back office."
    PAUSED_BY_HAND = (
        "manual_step",
        "{portal} takes an advert offline for people alone: ask for it in its own back office.",
    )
    RESUMED_BY_HAND = (
        "manual_step",
        "{portal} brings an advert online for people alone: ask for it in its own back office.",
    )
    CHECKED_BY_HAND = (
        "manual_step",
        "{portal} does not let a checked property be taken off by a call: ask for it in its own back office.",
    )
    CONTENT_BY_HAND = (
        "manual_step",
        "{portal} waits for photos, texts and the home check: agree on them with its own people.",
    )
    NOT_CHECKED = "unverified", "The advert is public, but {portal} closed the check without a passed visit."
    CHECK_NOT_PASSED = (
        "rejected_by_portal",
        "{portal} closed the check without a passed visit, and does not publish.",
    )
    NOT_PUBLIC_YET = "not_live_yet", "The property is verified and {portal} has not published it yet."
    CALLED_OFF = "removed_on_portal", "The listing process was cancelled at {portal}."
    TAKEN_DOWN = "removed_on_portal", "{portal} does not show the property any more."

    # --- the portal's answers, and none ---
    READING_REFUSED = "rejected_by_portal", "The portal refuses to be read: HTTP {status}"
    NOT_TAKEN = "portal_unavailable", "The portal has not taken the call for 15 minutes: {why}"
    NEVER_TAKEN = "portal_unavailable", "The portal did not take the call for 24 hours: {why}"
    NO_END_IN_TIME = "overdue", "The portal took the operation and has not told its end in time."
    NO_END = "overdue", "The portal has not told the end of the operation for 24 hours."
    CHARGED_AGAIN = (
        "repost_wait",
        "Sent within 24 hours of its deletion, the portal would charge the advert again.",
    )

    # --- the hub itself ---
    BROKEN = "hub_error", "The hub failed to handle it."

    @property
    def code(self) -> str:
        """The problem's code."""
        return self.value[0]

    @property
    def wording(self) -> str:
        """The problem's detail, values in braces."""
        return self.value[1]
