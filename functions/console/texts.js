// Every text of the page, a column a language. Hints come from the API, in the same languages.

export const LANGUAGES = ["en", "fr"];

const TEXTS = {
  "skip": ["Skip to the listings", "Aller aux annonces"],
  "title": ["console", "console"],
  "customer": ["Agency", "Agence"],
  "customerOwn": ["your own", "la vôtre"],
  "show": ["Show", "Afficher"],
  "language": ["Language", "Langue"],
  "theme": ["Colours", "Couleurs"],
  "themeAuto": ["As the system", "Comme le système"],
  "themeLight": ["Light", "Clair"],
  "themeDark": ["Dark", "Sombre"],
  "signIn": ["Sign in", "Se connecter"],
  "signInOauth": ["Sign in with your account", "Se connecter avec votre compte"],
  "signOut": ["Sign out", "Se déconnecter"],
  "token": ["Access token", "Jeton d’accès"],
  "tokenHelp": [
    "A token of your identity provider with the scopes placard/read and placard/write. It stays in this tab and is gone when the tab closes.",
    "Un jeton de votre fournisseur d’identité avec les droits placard/read et placard/write. Il reste dans cet onglet et disparaît à sa fermeture."
  ],
  "expired": ["Your session is over. Sign in again.", "Votre session a expiré. Reconnectez-vous."],
  "signInFailed": ["Signing in failed: {why}", "La connexion a échoué : {why}"],
  "listings": ["Listings", "Annonces"],
  "health": ["State", "État"],
  "all": ["All", "Toutes"],
  "health.problem": ["Problem", "Problème"],
  "health.pending": ["Pending", "En cours"],
  "health.live": ["Live", "En ligne"],
  "health.off": ["Offline", "Hors ligne"],
  "stillLive": ["still live", "toujours en ligne"],
  "notListed": ["not on this portal", "pas sur ce portail"],
  "search": ["Reference, title or town", "Référence, titre ou ville"],
  "portal": ["Portal", "Portail"],
  "actor": ["Who must act", "Qui doit agir"],
  "anyPortal": ["All portals", "Tous les portails"],
  "anyActor": ["Anybody", "Tous"],
  "actor.agency": ["Agency", "Agence"],
  "actor.crm": ["CRM vendor", "Éditeur du logiciel"],
  "actor.portal": ["Portal", "Portail"],
  "actor.hub": ["Hub operator", "Exploitant de la plateforme"],
  "clear": ["Clear", "Effacer"],
  "refresh": ["Refresh", "Actualiser"],
  "listing": ["Listing", "Annonce"],
  "whatToDo": ["What to do", "Que faire"],
  "whyAndWhat": ["Who must act, why, and what to do", "Qui doit agir, pourquoi, et que faire"],
  "changed": ["Changed", "Modifié"],
  "gridHelp": [
    "Arrow keys move between listings, Enter opens one, Escape closes it.",
    "Les flèches parcourent les annonces, Entrée ouvre une annonce, Échap la ferme."
  ],
  "count": ["{shown} of {all} listings", "{shown} annonces sur {all}"],
  "reading": ["{all} listings read so far…", "{all} annonces lues pour l’instant…"],
  "nothing": ["No listing passes these filters.", "Aucune annonce ne correspond à ces filtres."],
  "empty": ["This agency has no listing yet.", "Cette agence n’a pas encore d’annonce."],
  "retryAll": ["Try the failed again ({count})", "Relancer les échecs ({count})"],
  "retryAllTitle": ["Try the failed again?", "Relancer les échecs ?"],
  "retryAllText": [
    "Listings: {count}. Each of their failed portals is asked once more. Left out is what would cost money, or undo what a person did at the portal.",
    "Annonces concernées : {count}. Chacun de leurs portails en échec est de nouveau sollicité. Sont exclus les envois payants et ceux qui annuleraient une action faite sur le portail."
  ],
  "retryAllDone": ["Tried again: {done} of {count}.", "Relances : {done} sur {count}."],
  "retrying": ["{done} of {count}…", "{done} sur {count}…"],
  "close": ["Close", "Fermer"],
  "cancel": ["Cancel", "Annuler"],
  "portals": ["Portals", "Portails"],
  "whyNotLive": ["Why", "Pourquoi"],
  "where": ["Where in the listing", "Où dans l’annonce"],
  "retry": ["Try again", "Relancer"],
  "deactivate": ["Take offline", "Mettre hors ligne"],
  "activate": ["Bring online", "Remettre en ligne"],
  "retryOn": ["Try again on {portal}", "Relancer sur {portal}"],
  "deactivateOn": ["Take offline on {portal}", "Mettre hors ligne sur {portal}"],
  "activateOn": ["Bring online on {portal}", "Remettre en ligne sur {portal}"],
  "deactivateTitle": ["Take this listing offline on {portal}?", "Mettre cette annonce hors ligne sur {portal} ?"],
  "deactivateText": [
    "Buyers no longer see it there, until somebody brings it online again. It is not deleted.",
    "Les acheteurs ne l’y verront plus, jusqu’à ce que quelqu’un la remette en ligne. Elle n’est pas supprimée."
  ],
  "repostTitle": ["Send it at once and pay again?", "Envoyer tout de suite, avec un nouveau paiement ?"],
  "asked": ["Asked for. The portal’s answer appears here.", "C’est demandé. La réponse du portail apparaîtra ici."],
  "retryHelps": ["Trying again can help.", "Relancer peut suffire."],
  "retryHelpsNot": ["Trying again alone does not help.", "Relancer ne suffit pas."],
  "advert": ["Advert on the portal", "Annonce sur le portail"],
  "expires": ["Until {when}", "Jusqu’au {when}"],
  "since": ["since {when}", "depuis le {when}"],
  "timeline": ["Timeline, newest first", "Historique, du plus récent au plus ancien"],
  "more": ["Older entries", "Entrées plus anciennes"],
  "evidence": ["Evidence", "Preuves"],
  "evidence.source": ["Learned from", "Source"],
  "evidence.said": ["The portal’s own word", "Le mot du portail"],
  "evidence.moderation": ["The moderator says", "Le modérateur dit"],
  "evidence.advert": ["Advert id at the portal", "Identifiant sur le portail"],
  "evidence.portalTime": ["Time at the source", "Heure à la source"],
  "evidence.revision": ["Revision of the listing", "Révision de l’annonce"],
  "evidence.id": ["Entry id", "Identifiant de l’entrée"],
  "evidence.media": ["Pictures", "Photos"],
  "evidence.normalised": ["Changed to fit the portal", "Adapté au portail"],
  "evidence.raw": ["The whole entry", "L’entrée complète"],
  "source.callback": ["a message of the portal", "un message du portail"],
  "source.poll": ["the hub asked the portal", "une lecture du portail par la plateforme"],
  "source.answer": ["the portal’s answer to the hub’s call", "la réponse du portail à l’appel de la plateforme"],
  "source.hub": ["the hub itself", "la plateforme elle-même"],
  "outcome.unchanged": ["already known", "déjà connu"],
  "outcome.stale": ["older than what is known", "plus ancien que ce qui est connu"],
  "outcome.refused": ["not possible here, kept", "impossible dans cet état, conservé"],
  "outcome.unknown": ["a word nobody knows, kept", "mot inconnu, conservé"],
  "outcome.superseded": ["overtaken by a newer revision", "dépassé par une révision plus récente"],
  "gone": ["This listing is not there, or is another agency’s.", "Cette annonce n’existe pas ou appartient à une autre agence."],
  "offline": ["The hub does not answer. What you see may be old.", "La plateforme ne répond pas. Les données affichées peuvent être anciennes."],
  "forbidden": ["Your token may not do that: {why}", "Votre jeton ne le permet pas : {why}"],
  "failed": ["The hub refuses: {why}", "La plateforme refuse : {why}"],

  "status.RECEIVING": ["Being received", "Réception en cours"],
  "status.RECEIVED": ["Received", "Reçue"],
  "status.RECEIVING_FAILED": ["Not received", "Non reçue"],
  "status.CREATING": ["Being published", "Publication en cours"],
  "status.CREATED": ["Published", "Publiée"],
  "status.CREATED_WITH_MEDIA_ERROR": ["Published, some pictures refused", "Publiée, photos refusées"],
  "status.CREATING_FAILED": ["Not published", "Non publiée"],
  "status.UPDATING": ["Being updated", "Mise à jour en cours"],
  "status.UPDATED": ["Updated", "Mise à jour"],
  "status.UPDATED_WITH_MEDIA_ERROR": ["Updated, some pictures refused", "Mise à jour, photos refusées"],
  "status.UPDATING_FAILED": ["Not updated", "Non mise à jour"],
  "status.DELETING": ["Being taken off", "Retrait en cours"],
  "status.DELETED": ["Taken off", "Retirée"],
  "status.DELETING_FAILED": ["Not taken off", "Non retirée"],

  "state.absent": ["no advert there", "aucune annonce"],
  "state.pending": ["waiting at the portal", "en attente sur le portail"],
  "state.live": ["visible to buyers", "visible des acheteurs"],
  "state.blocked": ["in review", "en cours de vérification"],
  "state.unpaid": ["not paid", "non payée"],
  "state.rejected": ["rejected", "rejetée"],
  "state.expired": ["expired", "expirée"],
  "state.paused": ["paused", "en pause"],
  "state.withdrawn": ["removed", "retirée"],
  "state.unknown": ["unknown", "inconnu"],

  "code.credentials_invalid": ["The portal refuses the account", "Le portail refuse le compte"],
  "code.missing_field": ["Something is missing", "Une information manque"],
  "code.invalid_field": ["Something is wrong", "Une information est incorrecte"],
  "code.not_connected": ["No account is connected", "Aucun compte connecté"],
  "code.account_ambiguous": ["Several accounts are connected", "Plusieurs comptes connectés"],
  "code.consent_revoked": ["The portal’s consent has ended", "L’autorisation du portail a pris fin"],
  "code.payment_required": ["The portal wants to be paid", "Le portail demande un paiement"],
  "code.quota_reached": ["No slot is left", "Plus d’emplacement disponible"],
  "code.moderated": ["A moderator took it down", "Retirée par un modérateur"],
  "code.expired": ["The advert has expired", "L’annonce a expiré"],
  "code.package_expired": ["The account’s package has expired", "Le forfait du compte a expiré"],
  "code.removed_on_portal": ["Somebody removed it at the portal", "Retirée directement sur le portail"],
  "code.parent_removed": ["The investment it belongs to is gone", "Le programme dont elle dépend a été retiré"],
  "code.media_refused": ["Some pictures are refused", "Photos refusées"],
  "code.manual_step": ["A step at the portal is left to do", "Une étape reste à faire sur le portail"],
  "code.unverified": ["The property is not verified", "Le bien n’est pas vérifié"],
  "code.unmapped_category": ["The portal has no such category", "Catégorie inconnue du portail"],
  "code.not_permitted": ["The portal does not permit it now", "Opération non permise actuellement"],
  "code.unsupported": ["The portal does not take such listings", "Type d’annonce refusé par le portail"],
  "code.portal_unavailable": ["The portal does not answer", "Le portail ne répond pas"],
  "code.overdue": ["The portal is late", "Le portail tarde à répondre"],
  "code.not_live_yet": ["The portal is still checking", "Le portail vérifie encore"],
  "code.rejected_by_portal": ["The portal rejected it", "Rejetée par le portail"],
  "code.repost_wait": ["Waiting, so as not to pay twice", "En attente pour éviter un second paiement"],
  "code.credentials_app": ["The hub’s own access fails", "L’accès de la plateforme échoue"],
  "code.hub_error": ["An error in the hub", "Une erreur de la plateforme"],

  "portal.SL": ["SeLoger", "SeLoger"],
  "portal.BUCOM": ["Bureaux & Commerces", "Bureaux & Commerces"],
  "portal.BD": ["Belles Demeures", "Belles Demeures"],
  "portal.SLC": ["SeLoger Construire", "SeLoger Construire"],
  "portal.SLN": ["SeLoger Neuf", "SeLoger Neuf"],
  "portal.IMOVIRTUAL": ["Imovirtual", "Imovirtual"],
  "portal.OTODOM": ["Otodom", "Otodom"],
  "portal.STORIA": ["Storia", "Storia"],
  "portal.OLXRO": ["OLX.ro", "OLX.ro"],
  "portal.SPOTAHOME": ["Spotahome", "Spotahome"]
};

/** The portals in their order. */
export const PORTALS = Object.keys(TEXTS).filter((name) => name.startsWith("portal.")).map((name) => name.slice(7));

let language = LANGUAGES[0];

export const spoken = () => language;

export function speak(wanted) {
  language = LANGUAGES.includes(wanted) ? wanted : LANGUAGES[0];
  document.documentElement.lang = language;
  document.title = `Placard ${text("title")}`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
}

/** Return a text in the language spoken, its `{places}` filled; the name itself where there is none. */
export function text(name, places = {}) {
  const found = TEXTS[name]?.[LANGUAGES.indexOf(language)] ?? name.replace(/^\w+\./, "");
  return found.replace(/\{(\w+)\}/g, (_, place) => String(places[place]));
}

export const number = (value) => new Intl.NumberFormat(language).format(value);

/** Return an instant as people read it: the day and the minute. */
export function when(instant) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(instant));
}

/** The same where there is little room: the hour of today, else the day. */
export function shortly(instant, now = new Date()) {
  const date = new Date(instant);
  const today = date.toDateString() === now.toDateString();
  return new Intl.DateTimeFormat(language, today ? { timeStyle: "short" } : { day: "numeric", month: "short" }).format(date);
}
