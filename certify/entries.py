"""The entries that a receiver is told, written by the hub's own timeline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

from placard.domain import timeline
from placard.domain.channels import CHANNEL_OF, PROVIDER_OF
from placard.domain.classified import Wish
from placard.domain.events import Advert, AdvertState, Picture, Source
from placard.domain.instants import DAY
from placard.domain.lifecycle import END_WORDS, FAILED_WORDS, RESTING_PROBLEM, WITH_MEDIA_ERROR, Word
from placard.domain.policy import Policy
from placard.domain.problems import CATALOGUE, Problem
from placard.domain.publication import Entry, Publication, Standing
from placard.portals.registry import load_policy

PORTAL = "IMOVIRTUAL"
OTHER_PORTAL = "OTODOM"  # another channel: its callbacks keep no order with the first's
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"
BAD_PICTURE = "https://media.example/1.jpg"
# The portal's own word for each state, as OLX says it (contracts/olx.md §5); an advert that is not there has none.
CODES = {
    AdvertState.PENDING: "new",
    AdvertState.LIVE: "active",
    AdvertState.BLOCKED: "blocked",
    AdvertState.UNPAID: "unpaid",
    AdvertState.REJECTED: "moderated",
    AdvertState.EXPIRED: "outdated",
    AdvertState.PAUSED: "removed_by_user",
    AdvertState.WITHDRAWN: "removed_by_user",
    AdvertState.UNKNOWN: "on_holiday",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """What the callbacks speak of: the ids of a classified, which a strict receiver must know."""

    classified_id: str
    offerer_estate_id: str
    customer: str


@dataclass
class Timeline:
    """Writes one entry after the other about one classified; each is later than the one before it on its channel."""

    listing: Listing
    now: int
    _publications: dict[str, Publication] = field(default_factory=dict)

    def tell(
        self,
        word: Word,
        state: AdvertState = AdvertState.LIVE,
        portals: tuple[str, ...] = (PORTAL,),
        problems: tuple[Problem, ...] | None = None,
        pictures: tuple[Picture, ...] = (),
        message: str | None = None,
        details: str | None = None,
        normalised: tuple[dict[str, str], ...] = (),
    ) -> Entry:
        """Write the entry in which portals of one channel have a word and the advert stands so.

        What is not given is as the hub would say it: a problem where the word or the state asks for one.
        """
        channel = CHANNEL_OF[portals[0]]
        known = self._publications.get(channel) or self._open(channel)
        revision = known.version + 1
        advert = show_advert(state, self.now)
        found = default_problems(word, state) if problems is None else problems
        if word in WITH_MEDIA_ERROR.values() and not pictures:
            pictures = (Picture(BAD_PICTURE, "CREATING_FAILED"),)
        standings = [
            Standing(
                portal,
                wish=Wish.ABSENT if word in (Word.DELETING, Word.DELETED, Word.DELETING_FAILED) else Wish.PRESENT,
                seen=revision,
                acted=revision,
                word=word,
                advert=advert,
                next_operations=read_policy(PROVIDER_OF[channel]).next_operations(advert),
                pictures=pictures,
                problems=found,
            )
            for portal in portals
        ]
        received = "RECEIVED_PUT" if word is Word.RECEIVED else None
        drafts = [replace(timeline.draft(one, message=message), sub_status=received) for one in standings]
        written, (entry,) = timeline.write(
            known, drafts, now=self.now, source=Source.CALLBACK, details=details, normalised=normalised
        )
        self._publications[channel] = replace(written, version=revision)
        return entry

    def _open(self, channel: str) -> Publication:
        listing = self.listing
        remote_id = f"{PROVIDER_OF[channel]}-{listing.classified_id}"
        return Publication(listing.classified_id, channel, listing.customer, remote_id=remote_id, traceparent=TRACE)


@cache
def read_policy(provider: str) -> Policy:
    """A provider's manifest."""
    return load_policy(provider)


def show_advert(state: AdvertState, now: int) -> Advert:
    """An advert in a state, with what a portal says beside it."""
    advert = Advert(state, CODES.get(state))
    if advert.live:
        return replace(advert, url="https://portal.example/advert/1", expires_at=now + 30 * DAY)
    if state is AdvertState.REJECTED:  # a moderator may leave one of the two unsaid
        return replace(advert, moderation_reason="duplicate", moderation_description=None)
    return advert


def default_problems(word: Word, state: AdvertState) -> tuple[Problem, ...]:
    """Why a portal has failed, or shows no advert though it should."""
    if word in FAILED_WORDS:
        return (Problem.quote("rejected_by_portal", "The price is missing."),)
    if word in END_WORDS and word is not Word.DELETED and state is not AdvertState.LIVE:
        return (Problem.shown_as(RESTING_PROBLEM[state], CODES.get(state, state.value)),)
    return ()


def problems_of(actor: str) -> list[Problem]:
    """Every problem that this one must mend: one for each code of the catalogue, with a field where the CRM's body has it."""
    codes = [code for code, kind in CATALOGUE.items() if kind.actor == actor]
    return [
        Problem.quote(code, None, "/data/prices/buy/price/amount" if code.endswith("_field") else None)
        for code in codes
    ]
