// One listing beside the board: why it is not live, who must act, what can be done here, and its timeline with evidence.

import { ApiError } from "./api.js";
import { HEALTHS } from "./board.js";
import { ask, complain, find, make, readLink, say } from "./dom.js";
import { makeChip } from "./grid.js";
import { PORTALS, text, when } from "./texts.js";

const PAGE = 50;
const AGAIN_MS = 1500; // between two looks at a listing that is under way
const LOOKS = 80;
const UNDER_WAY = new Set(["RECEIVING", "RECEIVED", "CREATING", "UPDATING", "DELETING"]);

/**
 * How a portal fares by its latest entry: what the board's rows say, for one listing and read at once.
 * A listing that is paused reads as `off`, one taken off as `gone`.
 */
export function judge(entry) {
  if (entry.problem || entry.status.endsWith("_FAILED")) return "problem";
  if (UNDER_WAY.has(entry.status)) return "pending";
  if (entry.status === "DELETED") return "gone";
  if (entry.advert?.live) return "live";
  return entry.advert?.state === "paused" ? "off" : "pending";
}

export class ListingView {
  #api;
  #board;
  #onClose;
  #onChange;
  #id = "";
  #reference = "";
  #reading = new AbortController();
  #looks = 0;
  #drawn = "";

  constructor({ board, onClose, onChange }) {
    this.#board = board;
    this.#onClose = onClose;
    this.#onChange = onChange;
    this.panel = find("listing");
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !find("confirm").open) this.close();
    });
  }

  get id() {
    return this.#id;
  }

  /**
   * Open a listing and put the focus there; without `focus` it is drawn anew, in the language spoken now.
   * `reference` names one that the board does not know yet.
   */
  async open(id, api, { focus = true, reference = "" } = {}) {
    this.#reading.abort();
    this.#reading = new AbortController();
    if (reference || id !== this.#id) this.#reference = reference;
    this.#id = id;
    this.#api = api;
    this.#looks = LOOKS;
    this.panel.hidden = false;
    this.panel.replaceChildren(...this.#makeHead(), make("p", { class: "quiet", text: "…" }));
    if (focus) find("listing-title").focus();
    this.#drawn = "";
    await this.#read();
  }

  close() {
    const id = this.#id;
    this.#reading.abort();
    this.#id = "";
    this.panel.hidden = true;
    this.panel.replaceChildren();
    this.#onClose(id);
  }

  async #read() {
    const signal = this.#reading.signal;
    try {
      const [latest, page] = await Promise.all([
        this.#api.listStatuses(this.#id, { latest: true, signal }),
        this.#api.listStatuses(this.#id, { limit: PAGE, signal }),
      ]);
      if (signal.aborted) return;
      // What did not change is not drawn again under the reader's eyes.
      const said = JSON.stringify([latest, page]);
      if (said !== this.#drawn) this.#draw(latest.items, page);
      this.#drawn = said;
      this.#follow(latest.items, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.panel.replaceChildren(...this.#makeHead(), make("p", { class: "alert", role: "alert", text: explain(error) }));
    }
  }

  /** Look again while something is under way: what was asked for here is answered before the reader's eyes. */
  #follow(latest, signal) {
    if (this.#looks-- <= 0 || !latest.some((entry) => UNDER_WAY.has(entry.status))) return;
    const timer = setTimeout(() => this.#read(), AGAIN_MS);
    signal.addEventListener("abort", () => clearTimeout(timer));
  }

  #makeHead() {
    const listing = this.#board.get(this.#id);
    const about = [listing?.title, listing?.city].filter(Boolean).join(" · ");
    return [
      make("div", { class: "listing-head" },
        make("h2", { id: "listing-title", tabindex: "-1", text: listing?.reference || this.#reference || this.#id }),
        make("button", { type: "button", id: "close-listing", text: text("close"), onclick: () => this.close() })),
      make("p", { class: "about", text: about }),
    ];
  }

  #draw(latest, page) {
    const held = this.panel.contains(document.activeElement) ? document.activeElement.id : "";
    const opened = new Set([...this.panel.querySelectorAll("details[open]")].map((one) => one.id));
    const entries = latest.flatMap((entry) => entry.portals.map((portal) => [portal, entry]));
    const order = ([portal, entry]) => [...HEALTHS, "gone"].indexOf(judge(entry)) * PORTALS.length + PORTALS.indexOf(portal);
    entries.sort((a, b) => order(a) - order(b));
    const list = make("ol", { class: "timeline" }, ...page.items.map(makeEntry));
    const more = this.#makeMore(list, page.nextToken);
    this.panel.replaceChildren(
      ...this.#makeHead(),
      make("h3", { text: text("portals") }),
      make("div", { class: "portals" }, ...entries.map(([portal, entry]) => this.#makePortal(portal, entry))),
      make("h3", { text: text("timeline") }),
      list,
      more,
    );
    for (const id of opened) find(id)?.setAttribute("open", "");
    if (held) (find(held) ?? find("listing-title")).focus();
  }

  /** A button that brings the older entries, page by page. */
  #makeMore(list, nextToken) {
    const more = make("button", { type: "button", id: "more", text: text("more"), hidden: !nextToken });
    const signal = this.#reading.signal;
    more.addEventListener("click", async () => {
      try {
        const page = await this.#api.listStatuses(this.#id, { limit: PAGE, nextToken, signal });
        const items = page.items.map(makeEntry);
        list.append(...items);
        items[0]?.querySelector("summary").focus();
        nextToken = page.nextToken;
        more.hidden = !nextToken;
      } catch (error) {
        if (!signal.aborted) complain(explain(error));
      }
    });
    return more;
  }

  #makePortal(portal, entry) {
    const health = judge(entry);
    const name = text(`portal.${portal}`);
    const advert = entry.advert ?? {};
    const link = readLink(advert.url);
    const problems = entry.problems ?? (entry.problem ? [entry.problem] : []);
    const heading = make("h4", { id: `portal-${portal}` }, make("span", { text: name }), health === "gone" ? null : makeChip({ health, live: advert.live }));
    const state = [text(`status.${entry.status}`), text("since", { when: when(entry.creationDate) })];
    if (advert.state) state.splice(1, 0, text(`state.${advert.state}`));
    return make("section", { class: `card ${health}`, "aria-labelledby": `portal-${portal}` },
      heading,
      make("p", { class: "quiet", text: state.join(" · ") }),
      ...problems.map(makeProblem),
      link && make("p", {}, make("a", { href: link, target: "_blank", rel: "noopener noreferrer", text: text("advert") }),
        advert.expiresAt ? ` · ${text("expires", { when: when(advert.expiresAt) })}` : ""),
      make("div", { class: "buttons" }, ...this.#makeButtons(portal, name, entry, health)),
    );
  }

  #makeButtons(portal, name, entry, health) {
    const verbs = {
      retry: health === "problem",
      deactivate: Boolean(entry.advert?.live) && health !== "gone",
      activate: entry.advert?.state === "paused" || entry.problem?.code === "expired",
    };
    return Object.entries(verbs).filter(([, offered]) => offered).map(([verb]) =>
      make("button", {
        type: "button",
        id: `${verb}-${portal}`,
        class: verb === "retry" && entry.problem?.retriable ? "primary" : null,
        "aria-label": text(`${verb}On`, { portal: name }),
        text: text(verb),
        onclick: (event) => this.#act(event.target, verb, portal, name, entry),
      }));
  }

  async #act(button, verb, portal, name, entry) {
    if (verb === "deactivate") {
      const sure = { title: text("deactivateTitle", { portal: name }), text: text("deactivateText"), yes: text("deactivate") };
      if (!(await ask(sure))) return;
    }
    if (verb === "retry" && entry.problem?.code === "repost_wait") {
      if (!(await ask({ title: text("repostTitle"), text: entry.problem.hint, yes: text("retry") }))) return;
    }
    button.disabled = true;
    complain("");
    try {
      await this.#api.act(verb, this.#id, [portal]);
      say(text("asked"));
      find("listing-title").focus();
      this.#looks = LOOKS;
      this.#reading.abort();
      this.#reading = new AbortController();
      await this.#read();
      this.#onChange();
    } catch (error) {
      button.disabled = false;
      complain(explain(error));
    }
  }
}

function makeProblem(problem) {
  return make("dl", { class: "problem-text" },
    make("dt", { text: text("whyNotLive") }),
    make("dd", {}, make("strong", { text: text(`code.${problem.code}`) }), make("br"), make("span", { class: "detail", text: problem.detail })),
    problem.field && make("dt", { text: text("where") }),
    problem.field && make("dd", {}, make("code", { text: problem.field })),
    make("dt", { text: text("actor") }),
    make("dd", { text: text(`actor.${problem.actor}`) }),
    make("dt", { text: text("whatToDo") }),
    make("dd", {}, make("span", { class: "hint-text", text: problem.hint }), " ",
      make("span", { class: "quiet", text: text(problem.retriable ? "retryHelps" : "retryHelpsNot") })),
  );
}

function makeEntry(entry) {
  const names = entry.portals.map((portal) => text(`portal.${portal}`)).join(", ");
  const outcome = entry.outcome === "applied" ? "" : text(`outcome.${entry.outcome}`);
  return make("li", { class: `entry ${entry.outcome} ${judge(entry)}` },
    make("p", { class: "entry-head" },
      make("time", { datetime: entry.creationDate, text: when(entry.creationDate) }),
      make("strong", { text: text(`status.${entry.status}`) }),
      make("span", { class: "quiet", text: names }),
      outcome && make("span", { class: "quiet", text: `(${outcome})` })),
    make("p", { class: "message", text: entry.message }),
    entry.problem && make("p", { class: "hint-text", text: `${text(`actor.${entry.problem.actor}`)}: ${entry.problem.hint}` }),
    make("details", { id: `evidence-${entry.statusId}` }, make("summary", { text: text("evidence") }), makeEvidence(entry)),
  );
}

function makeEvidence(entry) {
  const moderation = entry.advert?.moderation;
  const facts = {
    source: text(`source.${entry.source}`),
    said: [entry.subStatusDetails, entry.advert?.code].filter(Boolean).join(" · "),
    moderation: moderation && [moderation.reason, moderation.description].filter(Boolean).join(" · "),
    advert: entry.advert?.id,
    portalTime: when(entry.statusDate),
    revision: String(entry.revision),
    media: entry.mediaStatuses?.map((one) => `${one.url} ${one.status}`).join("\n"),
    normalised: entry.normalised?.map((one) => `${one.field}: ${JSON.stringify(one.from)} → ${JSON.stringify(one.to)}`).join("\n"),
    id: entry.statusId,
  };
  const rows = Object.entries(facts).filter(([, value]) => value)
    .flatMap(([name, value]) => [make("dt", { text: text(`evidence.${name}`) }), make("dd", { text: value })]);
  return make("div", {}, make("dl", { class: "evidence" }, ...rows),
    make("p", { class: "quiet", text: text("evidence.raw") }),
    make("pre", { tabindex: "0", text: JSON.stringify(entry, null, 2) }));
}

/** What a failed call means to the reader. */
export function explain(error) {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 0 || error.status >= 500) return text("offline");
  if (error.status === 401) return text("expired");
  if (error.status === 403) return text("forbidden", { why: error.message });
  if (error.status === 404) return text("gone");
  return text("failed", { why: error.message });
}
