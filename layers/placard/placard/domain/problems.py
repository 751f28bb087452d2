"""The problem catalogue (lifecycle §8): why something is not live, who must act, and how it is mended, in every language.

`CATALOGUE` has a row per code; `causes.py` says which causes a code stands for and how each is worded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from placard.domain.causes import NO_REASON, SHOWN_AS, Cause

# The hints' columns, ISO 639-1; the first is spoken where nobody asked for another.
LANGUAGES = ("en", "fr")
DEFAULT_LANGUAGE = LANGUAGES[0]


class Kind(NamedTuple):
    """One row: who acts, whether `retry` with the same body can succeed, and the step that mends it, a column a language."""

    actor: str
    retriable: bool
    en: str
    fr: str

    def hint(self, language: str) -> str:
        """Return the step that mends it, in one of LANGUAGES."""
        return str(getattr(self, language))


CATALOGUE = {
    "credentials_invalid": Kind(
        "agency",
        True,
        "Connect the portal account again, then retry.",
        "Reconnectez le compte du portail, puis relancez la publication.",
    ),
    "missing_field": Kind(
        "agency",
        False,
        "Fill in the field and save the listing again.",
        "Renseignez le champ indiqué, puis enregistrez de nouveau l’annonce.",
    ),
    "invalid_field": Kind(
        "agency",
        False,
        "Correct the field and save the listing again.",
        "Corrigez le champ indiqué, puis enregistrez de nouveau l’annonce.",
    ),
    "not_connected": Kind(
        "agency",
        True,
        "Connect an account for this portal, then retry.",
        "Connectez un compte pour ce portail, puis relancez la publication.",
    ),
    "account_ambiguous": Kind(
        "agency",
        False,
        "Name the account to use in the listing, or leave only one connected.",
        "Indiquez dans l’annonce le compte à utiliser, ou n’en laissez qu’un seul connecté.",
    ),
    "consent_revoked": Kind(
        "agency",
        True,
        "Give the portal's consent again, then retry.",
        "Renouvelez votre autorisation auprès du portail, puis relancez la publication.",
    ),
    "payment_required": Kind(
        "agency",
        True,
        "Buy a package or a slot at the portal, then retry.",
        "Achetez un forfait ou un emplacement auprès du portail, puis relancez la publication.",
    ),
    "quota_reached": Kind(
        "agency",
        True,
        "Free or buy a slot at the portal, then retry.",
        "Libérez un emplacement ou achetez-en un auprès du portail, puis relancez la publication.",
    ),
    "moderated": Kind(
        "agency",
        False,
        "Correct what the moderator names and save the listing again.",
        "Corrigez ce que signale le modérateur, puis enregistrez de nouveau l’annonce.",
    ),
    "expired": Kind(
        "agency",
        True,
        "Activate the listing to publish it again.",
        "Réactivez l’annonce pour la remettre en ligne.",
    ),
    "package_expired": Kind(
        "agency",
        True,
        "Renew the package at the portal; the advert then returns by itself.",
        "Renouvelez votre forfait auprès du portail. L’annonce sera alors remise en ligne automatiquement.",
    ),
    "removed_on_portal": Kind(
        "agency",
        True,
        "If it should be online, retry; nothing is sent by itself.",
        "Si l’annonce doit être en ligne, relancez la publication. Rien n’est renvoyé automatiquement.",
    ),
    "parent_removed": Kind(
        "agency",
        True,
        "Publish the investment again, then retry.",
        "Publiez de nouveau le programme, puis relancez la publication du lot.",
    ),
    "media_refused": Kind(
        "agency",
        False,
        "Replace the pictures named and save the listing again.",
        "Remplacez les photos indiquées, puis enregistrez de nouveau l’annonce.",
    ),
    "manual_step": Kind(
        "agency",
        False,
        "Finish this step on the portal's own site.",
        "Effectuez cette étape directement sur le site du portail.",
    ),
    "unverified": Kind(
        "agency",
        False,
        "Have the property verified by the portal.",
        "Faites vérifier le bien par le portail.",
    ),
    "unmapped_category": Kind(
        "crm",
        False,
        "Send the portal's own category for this listing.",
        "Transmettez pour cette annonce la catégorie propre au portail.",
    ),
    "not_permitted": Kind(
        "crm",
        False,
        "The portal permits no such step in this state.",
        "Le portail n’autorise pas cette opération dans l’état actuel de l’annonce.",
    ),
    "unsupported": Kind(
        "crm",
        False,
        "This portal does not take listings of this kind.",
        "Ce portail n’accepte pas ce type d’annonce.",
    ),
    "portal_unavailable": Kind(
        "portal",
        True,
        "Nothing to do while it lasts: the hub tries for 24 hours; after that, retry.",
        "Vous n’avez rien à faire pour l’instant. L’envoi est retenté pendant une journée. Passé ce délai, relancez-le.",
    ),
    "overdue": Kind(
        "portal",
        True,
        "Nothing to do while it lasts: the hub asks the portal every hour for a day; after that, retry.",
        "Vous n’avez rien à faire pour l’instant. Le portail est interrogé toutes les heures pendant une journée. "
        "Passé ce délai, relancez l’envoi.",
    ),
    "not_live_yet": Kind(
        "portal",
        False,
        "Wait for the portal to finish its review.",
        "Patientez le temps que le portail termine sa vérification.",
    ),
    "rejected_by_portal": Kind(
        "portal",
        False,
        "Correct what the portal names and save the listing again.",
        "Corrigez ce que signale le portail, puis enregistrez de nouveau l’annonce.",
    ),
    "repost_wait": Kind(
        "hub",
        True,
        "Wait, or retry to send it at once and pay for it again.",
        "Patientez, ou relancez la publication pour un envoi immédiat, qui vous sera facturé de nouveau.",
    ),
    "credentials_app": Kind(
        "hub",
        True,
        "The operator must correct the hub's own credentials.",
        "L’exploitant doit corriger les identifiants de la plateforme de diffusion.",
    ),
    "hub_error": Kind(
        "hub",
        True,
        "The operator has been alarmed; the hub tries again every hour.",
        "L’exploitant a été alerté. Un nouvel essai a lieu toutes les heures.",
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason, with the CRM's own JSON pointer in `field` where there is one.

    Made by `of`, `quote` or `shown_as`, which hold all its words; the words are kept as they were said at the time.
    """

    code: str
    detail: str
    field: str | None = None

    @classmethod
    def of(cls, cause: Cause, field: str | None = None, /, **values: object) -> Problem:
        """Return the problem of a cause; `values` are those its wording names."""
        return cls(cause.code, cause.wording.format(**values), field)

    @classmethod
    def quote(cls, code: str, said: str | None, field: str | None = None) -> Problem:
        """Return a problem in the portal's own words."""
        return cls(code, said or NO_REASON, field)

    @classmethod
    def shown_as(cls, code: str, word: str) -> Problem:
        """Return why an advert at rest is not live where the portal gives no more than its word for the state."""
        return cls(code, SHOWN_AS.format(word=word))

    def to_json(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """Return the member `problem` of a status entry (contracts/hub.md §2), its hint in one of LANGUAGES."""
        kind = CATALOGUE[self.code]
        shown: dict[str, Any] = {"code": self.code, "actor": kind.actor, "retriable": kind.retriable}
        if self.field is not None:
            shown["field"] = self.field
        return shown | {"detail": self.detail, "hint": kind.hint(language)}
