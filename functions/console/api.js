// The hub's own API, called with the reader's token. Addresses are relative: the API may stand below any path.

import { dropToken, readToken } from "./session.js";

const PATIENCE = 4; // tries, where the hub or the gateway asks to come back
const LONGEST_WAIT_MS = 10_000;

/** An answer that is no success. `status` is 0 where there was none. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The calls of one reader for one agency, in one language. */
export class Api {
  constructor({ customer = "", language = "en" } = {}) {
    this.customer = customer;
    this.language = language;
  }

  /** A page of how listings fare: `{items, nextToken?}`. */
  listPublications(health, { limit, nextToken, signal } = {}) {
    return this.#send("GET", "publications", { query: { health, limit, nextToken }, signal });
  }

  /** A page of a listing's timeline, newest first. */
  listStatuses(id, { latest, nextToken, limit, signal } = {}) {
    const query = { filter: latest ? "latest" : undefined, limit, nextToken };
    return this.#send("GET", `classifieds/${encodeURIComponent(id)}/statuses`, { query, signal });
  }

  /** The listing with this key of the CRM's own, or undefined. */
  async findListing(offererEstateId) {
    return (await this.#send("GET", "classifieds", { query: { offererEstateId } })).items[0];
  }

  /** Ask for `retry`, `deactivate` or `activate` on these portals. */
  act(verb, id, portals) {
    return this.#send("POST", `classifieds/${encodeURIComponent(id)}/${verb}`, { body: { portals } });
  }

  async #send(method, path, { query = {}, body, signal } = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
    const address = given.length ? `${path}?${new URLSearchParams(given)}` : path;
    const headers = {
      Authorization: `Bearer ${readToken()}`,
      "Accept-Language": this.language,
      // The API wants three name/version pairs, and a page cannot set User-Agent.
      "X-User-Agent": "placard-console/1.0 browser/1.0 web/1.0",
    };
    if (this.customer) headers["Customer-Id"] = this.customer;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const request = { method, headers, body: body && JSON.stringify(body), signal, credentials: "omit", cache: "no-store" };
    for (let tried = 1; ; tried++) {
      const answer = await fetch(address, request).catch((error) => {
        if (signal?.aborted) throw error;
        throw new ApiError(0, String(error.message));
      });
      if (answer.ok) return answer.json();
      if ((answer.status === 429 || answer.status === 503) && tried < PATIENCE) {
        await wait(answer.headers.get("Retry-After"), tried, signal);
        continue;
      }
      if (answer.status === 401) dropToken();
      const said = await answer.json().catch(() => ({}));
      throw new ApiError(answer.status, said.detail ?? said.message ?? answer.statusText);
    }
  }
}

function wait(retryAfter, tried, signal) {
  const seconds = Number.parseFloat(retryAfter); // a date, or nothing, is no number
  const asked = Number.isNaN(seconds) ? 500 * 2 ** tried : seconds * 1000;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.min(asked, LONGEST_WAIT_MS));
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
