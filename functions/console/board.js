// What is known of all listings, and which of them are shown. No page, no network: a listing is what its portals say.

/** From bad to good. */
export const HEALTHS = ["problem", "pending", "live", "off"];
// Where trying again harms nobody: it costs nothing more, and undoes nothing that a person did at the portal.
const HARMLESS = new Set([
  "credentials_invalid",
  "not_connected",
  "consent_revoked",
  "payment_required",
  "quota_reached",
  "portal_unavailable",
  "overdue",
  "credentials_app",
  "hub_error",
]);

/** Whether a portal's problem may be tried again among many others. */
export const isHarmless = (cell) => Boolean(cell.problem?.retriable && HARMLESS.has(cell.problem.code));

const worstOf = (cells) => HEALTHS.find((health) => cells.some((cell) => cell.health === health));

/** All listings of an agency, by id. */
export class Board {
  #listings = new Map();

  get size() {
    return this.#listings.size;
  }

  get(id) {
    return this.#listings.get(id);
  }

  /** Take in how a listing fares on one channel. */
  put(publication) {
    const id = publication.classifiedId;
    const listing = this.#listings.get(id) ?? { id, channels: new Map() };
    listing.channels.set(publication.channel, publication);
    this.#listings.set(id, renew(listing));
  }

  /** Forget how a listing fared on one channel. */
  drop(id, channel) {
    const listing = this.#listings.get(id);
    listing?.channels.delete(channel);
    if (listing?.channels.size === 0) this.#listings.delete(id);
    else if (listing) renew(listing);
  }

  /** Every publication known: `[classifiedId, publication]`. */
  *publications() {
    for (const listing of this.#listings.values()) for (const one of listing.channels.values()) yield [listing.id, one];
  }

  /** The portals that any listing is on. */
  portals() {
    const found = new Set();
    for (const listing of this.#listings.values()) for (const portal of listing.cells.keys()) found.add(portal);
    return found;
  }

  /**
   * The listings that pass, the worst and newest first, and how many of each health there are before that filter.
   * `portal` narrows a listing to what that portal says of it.
   */
  select({ health = "", portal = "", actor = "", search = "" } = {}) {
    const words = fold(search).split(/\s+/).filter(Boolean);
    const counts = Object.fromEntries(HEALTHS.map((name) => [name, 0]));
    const shown = [];
    for (const listing of this.#listings.values()) {
      const cells = portal ? [listing.cells.get(portal)].filter(Boolean) : [...listing.cells.values()];
      if (!cells.length || !words.every((word) => listing.text.includes(word))) continue;
      if (actor && !cells.some((cell) => cell.problem?.actor === actor)) continue;
      const worst = worstOf(cells);
      counts[worst]++;
      if (!health || health === worst) shown.push({ listing, weight: HEALTHS.indexOf(worst) });
    }
    shown.sort((a, b) => a.weight - b.weight || (a.listing.changedAt < b.listing.changedAt ? 1 : -1));
    return { listings: shown.map((one) => one.listing), counts };
  }
}

function renew(listing) {
  listing.cells = new Map();
  listing.changedAt = "";
  for (const publication of listing.channels.values()) {
    listing.reference = publication.offererEstateId ?? listing.reference ?? "";
    listing.title = publication.title ?? listing.title ?? "";
    listing.city = publication.city ?? listing.city ?? "";
    for (const cell of publication.portals) {
      listing.cells.set(cell.portal, cell);
      if (cell.changedAt > listing.changedAt) listing.changedAt = cell.changedAt;
    }
  }
  listing.text = fold(`${listing.reference} ${listing.title} ${listing.city} ${listing.id}`);
  return listing;
}

/** Small letters without accents: who looks for "nimes" means Nîmes. */
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
