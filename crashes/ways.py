"""The ways through the hub whose calls are cut off, in the order in which a listing goes them.

Where a way is a listing's own, each arm has a listing as its victim, and all are played side by side. Where it is not (a
sweep, a round of `reconcile`, a token for a whole account), arms are played one after the other, and strike whoever comes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from crashes.listings import Goal, Listing
from crashes.plan import Point
from crashes.points import why_not

PUBLISHING = (
    "publish_classified",
    "relay_changes",
    "deliver_publication",
    "receive_olx",
    "receive_aviv",
    "apply_events",
)
HEARING = ("relay_changes", "deliver_publication", "receive_olx", "receive_aviv", "apply_events")
READS = ("get", "query", "scan", "batch_get", "sync_decrypt")
# So many writes and calls of one site within an invocation are told apart; what reads changes nothing between its passes.
MOST_PASSES = 3
# These handle what several listings have in common: which pass is a listing's own depends on who shares the batch.
SHARED = ("relay_changes", "apply_events", "reconcile", "poll_spotahome")
# What is no listing's own: one telling is of many, and an OLX token that is lost is the consent of all (lifecycle §8).
COMMON = ("aws.queues.SqsWakeUps.tell.send_message_batch", "portals.olx.tokens.Tokens._grant.call")
# Who goes a way: listings that others have gone before, some that are only published, or some that are not even that.
POOL, PUBLISHED, UNPUBLISHED = "pool", "published", "unpublished"
# Where an answer is folded that gave the advert its id.
ANSWERED = Point(
    "deliver_publication",
    "aws.publications.DynamoPublicationStore.save.transact",
    "_look > _operate > _record > _accept > _fold",
    None,
)


@dataclass(frozen=True)
class Way:
    """One way: which functions are cut off on it, how it is begun, and where it ends for each provider.

    `lost` is where each of its listings loses every race of one invocation.
    """

    name: str
    functions: tuple[str, ...]
    begin: Callable[[Listing], None]
    goals: dict[str, Goal]
    prepare: Callable[[Listing], None] = lambda listing: None  # what has to be known before anybody is cut off
    goers: str = POOL
    is_lossy: bool = False  # what the portal says is lost when it is answered too slowly, and found by the next night
    sites: Callable[[str], bool] = lambda site: site not in COMMON
    lost: Point | None = None


def _say_at_portal(listing: Listing) -> None:
    """The portal says something by itself: OLX takes the advert down, AVIV could not fetch a picture after all."""
    advert = listing.latest["advert"]["id"]
    if listing.provider == "olx":
        listing.hub.switch("olx", "POST", f"adverts/{advert}/state", {"code": "outdated", "visible_in_profile": True})
        return
    pictures = [{"url": listing.body["media"][0]["url"], "status": "DOWNLOADING_FAILED"}]
    order = {"portals": [listing.portal], "status": "CREATED_WITH_MEDIA_ERROR", "mediaStatuses": pictures}
    listing.hub.switch("aviv", "POST", f"classifieds/{advert}/status", order)


LIVE = Goal("CREATED", "live", shown=True)
CHANGED = Goal("UPDATED", "live", shown=True)
# Nobody ends Spotahome's checks here; after a day the hub says that they take too long.
CHECKED = Goal("CREATING", "pending", shown=False, later="CREATING_FAILED")
WAYS = (
    Way(
        "create",
        PUBLISHING,
        Listing.post,
        {"olx": LIVE, "aviv": LIVE, "spotahome": CHECKED},
    ),
    Way("update", PUBLISHING, Listing.change, {"olx": CHANGED, "aviv": CHANGED}),
    Way(
        "notify",
        ("notify_crm", "relay_changes"),
        Listing.change,
        {"aviv": CHANGED},
        sites=lambda site: not site.endswith("SqsWakeUps.send.send_message_batch"),
    ),
    Way(
        "pause",
        PUBLISHING,
        lambda listing: listing.ask("deactivate"),
        dict.fromkeys(("olx", "aviv"), Goal("UPDATED", "paused", shown=False)),
    ),
    Way("activate", PUBLISHING, lambda listing: listing.ask("activate"), {"olx": CHANGED, "aviv": CHANGED}),
    Way(
        "callback",
        HEARING,
        _say_at_portal,
        {"olx": Goal("UPDATED", "expired", shown=False), "aviv": Goal("UPDATED_WITH_MEDIA_ERROR", "live", shown=True)},
        is_lossy=True,
    ),
    Way(
        "delete",
        PUBLISHING,
        Listing.delete,
        {
            "olx": Goal("DELETED", "withdrawn", shown=False),
            "aviv": Goal("DELETED", "withdrawn", shown=False),
            "spotahome": Goal("DELETED", "withdrawn", shown=False),
        },
        goers=PUBLISHED,
    ),
    Way(
        "cancel",
        ("listing_processes", "relay_changes", "deliver_publication"),
        Listing.cancel_process,
        {"spotahome": Goal("DELETED", "withdrawn", shown=False)},
        prepare=Listing.find_process,
        goers=PUBLISHED,
    ),
    Way(
        "races",
        ("deliver_publication",),
        Listing.post,
        {"olx": LIVE, "aviv": LIVE},
        goers=UNPUBLISHED,
        sites=lambda site: site.endswith("write_link.update"),
        lost=ANSWERED,
    ),
)


def choose(points: frozenset[Point], way: Way) -> list[Point]:
    """The points of a way that are cut off: of its own functions, and only passes that leave something different behind."""
    found = set()
    for point in points:
        if point.function not in way.functions or not way.sites(point.site) or why_not(point.site):
            continue
        nth = 1 if point.site.rpartition(".")[2] in READS else point.nth
        if nth is not None and nth <= MOST_PASSES:
            found.add(Point(point.function, point.site, point.via, None if point.function in SHARED else nth))
    return sorted(found, key=str)
