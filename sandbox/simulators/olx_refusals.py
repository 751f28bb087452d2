"""OLX: which operation an advert's state permits, and the refusals (contract: olx.md §5, §6)."""

from dataclasses import dataclass

from sandbox.simulators.olx_messages import Advert

# What each state permits (seed 002). `paused` and `deleted` are the two removed_by_user, told apart by
# visible_in_profile; POST on an active advert is the documented reuse of the record.
PERMITTED = {
    "absent": {"POST"},
    "active": {"POST", "PUT", "DELETE", "DEACTIVATE"},
    "new": {"PUT", "DELETE"},
    "blocked": {"PUT", "DELETE"},
    "unpaid": {"POST"},
    "moderated": {"PUT"},
    "removed_by_moderator": {"PUT"},
    "outdated": {"PUT", "ACTIVATE", "DELETE"},
    "outdated_by_package": {"PUT", "DELETE"},
    "paused": {"POST", "ACTIVATE", "DELETE"},
    "deleted": {"POST"},
    "removed_by_parent_ad": {"POST"},
}
UNKNOWN = "Advert with specified external identifer {} not found for the user."


@dataclass(frozen=True)
class Refusal:
    """Why the site refuses an operation; `code` only where the error itself changes the state."""

    title: str
    detail: str
    validation: list[dict[str, str]] | None = None
    code: str | None = None


def name_standing(advert: Advert) -> str:
    """The row of PERMITTED an advert stands in."""
    if advert.code == "removed_by_user":
        return "paused" if advert.visible else "deleted"
    return advert.code or "absent"


def explain_refusal(advert: Advert, operation: str) -> Refusal:
    """The portal's own words for an operation the state does not permit (olx.md §6)."""
    standing = name_standing(advert)
    gone = standing in ("absent", "deleted", "unpaid", "removed_by_parent_ad")
    match operation:
        case "POST":
            return Refusal("AdvertsPostingException", f"Adding the ad failed: it is {standing}.")
        case "PUT" if gone:
            return Refusal("NotFoundException", UNKNOWN.format(advert.uuid))
        case "DELETE" if standing == "absent":
            return Refusal("NotFoundException", UNKNOWN.format(advert.uuid))
        case "DELETE":
            deleted = "previously deleted" if standing == "deleted" else standing
            return Refusal("ForbiddenException", f"You can't delete a {deleted} advert")
        case "ACTIVATE" if standing == "active":
            return Refusal("BadRequestException", "This advert is already active")
        case "ACTIVATE":
            return Refusal("BadRequestException", f"The advert can't be activated: it is {standing}")
        case _:
            return Refusal("BadRequestException", "The advert must be active")
