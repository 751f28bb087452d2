// The board: listings × portals. Only the rows in sight are elements, so that ten thousand listings cost as much as thirty.

import { draw, find, make } from "./dom.js";
import { shortly, text, when } from "./texts.js";

// Lines in a square of 16: whatever fonts there are.
const SIGNS = {
  problem: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  pending: "M8 2.5a5.5 5.5 0 1 0 5.5 5.5M8 4.5v4l2.5 1.5",
  live: "M2.5 8.5l4 4 7-9",
  off: "M5.5 3v10M10.5 3v10",
};
const SPARE = 6; // rows above and below what is in sight

/** A state as sign and word, never as colour alone. */
export function makeChip(cell) {
  const word = text(`health.${cell.health}`);
  const chip = make("span", { class: `chip ${cell.health}` }, draw(SIGNS[cell.health]), make("span", { text: word }));
  if (cell.health === "problem" && cell.live) chip.append(make("span", { class: "still", text: text("stillLive") }));
  return chip;
}

export class Grid {
  #listings = [];
  #portals = [];
  #drawn = new Map(); // index → row element
  #focused = 0;
  #open = "";
  #onOpen;

  constructor(onOpen) {
    this.#onOpen = onOpen;
    this.scroller = find("board");
    this.grid = find("grid");
    this.head = find("grid-head");
    this.body = find("grid-body");
    this.scroller.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.scroller);
    this.body.addEventListener("keydown", (event) => this.#press(event));
    this.body.addEventListener("focusin", (event) => this.#note(event.target.closest("[role=row]")));
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("[role=row]");
      if (row) this.#openAt(Number(row.dataset.index));
    });
  }

  /** Show these listings; the one that had the focus keeps it. */
  show(listings, portals) {
    const held = this.body.contains(document.activeElement) ? this.#listings[this.#focused]?.id : undefined;
    const stays = held ? listings.findIndex((one) => one.id === held) : -1;
    this.#focused = stays >= 0 ? stays : Math.min(this.#focused, Math.max(listings.length - 1, 0));
    this.#listings = listings;
    this.#portals = portals;
    this.grid.setAttribute("aria-label", text("listings"));
    this.grid.setAttribute("aria-rowcount", listings.length + 1);
    this.grid.setAttribute("aria-colcount", portals.length + 3);
    this.grid.style.setProperty("--portals", portals.length);
    this.#drawHead();
    this.body.style.height = `${listings.length * this.#height()}px`;
    this.#clear();
    this.#draw();
    if (held) this.#focus(this.#focused);
  }

  /** Mark the listing that is open beside the board. */
  mark(id) {
    this.#open = id;
    for (const row of this.#drawn.values()) row.setAttribute("aria-selected", String(row.dataset.id === id));
  }

  /** Put the focus back on a listing, or on the board where it is not shown any more. */
  focusOn(id) {
    const index = this.#listings.findIndex((one) => one.id === id);
    if (index >= 0) this.#focus(index);
    else this.scroller.focus();
  }

  #height() {
    return Number.parseFloat(getComputedStyle(this.grid).getPropertyValue("--row")) || 56;
  }

  #drawHead() {
    const names = [text("listing"), ...this.#portals.map((portal) => text(`portal.${portal}`)), text("whyAndWhat"), text("changed")];
    const cells = names.map((name, index) => make("div", { role: "columnheader", "aria-colindex": index + 1, text: name }));
    this.head.replaceChildren(make("div", { role: "row", "aria-rowindex": 1, class: "row head" }, ...cells));
  }

  #clear() {
    this.body.replaceChildren();
    this.#drawn.clear();
  }

  #draw() {
    const height = this.#height();
    const top = this.scroller.scrollTop;
    const first = Math.max(0, Math.floor(top / height) - SPARE);
    const last = Math.min(this.#listings.length, Math.ceil((top + this.scroller.clientHeight) / height) + SPARE);
    for (const [index, row] of this.#drawn) {
      // The row with the focus stays, or the focus would be lost by scrolling.
      if ((index < first || index >= last) && index !== this.#focused) {
        row.remove();
        this.#drawn.delete(index);
      }
    }
    for (let index = first; index < last; index++) this.#drawRow(index, height);
    if (this.#listings.length) this.#drawRow(this.#focused, height);
  }

  #drawRow(index, height) {
    if (this.#drawn.has(index)) return;
    const row = this.#makeRow(this.#listings[index], index);
    row.style.transform = `translateY(${index * height}px)`;
    // In the order of the list, as a screen reader goes through it.
    const next = [...this.#drawn.keys()].filter((other) => other > index).sort((a, b) => a - b)[0];
    this.body.insertBefore(row, next === undefined ? null : this.#drawn.get(next));
    this.#drawn.set(index, row);
  }

  #makeRow(listing, index) {
    const reference = listing.reference || listing.id.slice(0, 8);
    const cells = [
      make("div", { role: "rowheader", class: "name" },
        make("span", { class: "reference", text: reference }),
        make("span", { class: "title", text: [listing.title, listing.city].filter(Boolean).join(" · ") })),
      ...this.#portals.map((portal) => {
        const cell = listing.cells.get(portal);
        const shown = cell ? makeChip(cell) : make("span", { class: "none" }, make("span", { "aria-hidden": "true", text: "–" }), make("span", { class: "vh", text: text("notListed") }));
        return make("div", { role: "gridcell", class: "portal" }, shown);
      }),
      make("div", { role: "gridcell", class: "hint" }, ...this.#explain(listing)),
      make("div", { role: "gridcell", class: "changed", title: when(listing.changedAt), text: shortly(listing.changedAt) }),
    ];
    cells.forEach((cell, column) => cell.setAttribute("aria-colindex", column + 1));
    return make("div", {
      role: "row",
      class: "row",
      "aria-rowindex": index + 2,
      "aria-selected": String(listing.id === this.#open),
      "data-id": listing.id,
      "data-index": index,
      tabindex: index === this.#focused ? 0 : -1,
    }, ...cells);
  }

  /** Who must act, why, and the step that mends it, of the first portal shown that has a problem. */
  #explain(listing) {
    const problem = this.#portals.map((portal) => listing.cells.get(portal)).find((cell) => cell?.problem)?.problem;
    if (!problem) return [];
    return [
      make("span", { class: "why" }, make("strong", { text: text(`actor.${problem.actor}`) }), ` · ${problem.detail}`),
      make("span", { class: "step", text: problem.hint }),
    ];
  }

  #press(event) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.#height()) - 1);
    const last = this.#listings.length - 1;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -last, End: last };
    if (event.key in steps) this.#focus(Math.min(last, Math.max(0, this.#focused + steps[event.key])));
    else if (event.key === "Enter" || event.key === " ") this.#openAt(this.#focused);
    else return;
    event.preventDefault();
  }

  #openAt(index) {
    this.#note(this.#drawn.get(index));
    this.#onOpen(this.#listings[index].id);
  }

  #note(row) {
    if (!row) return;
    const before = this.#drawn.get(this.#focused);
    this.#focused = Number(row.dataset.index);
    before?.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
  }

  #focus(index) {
    const height = this.#height();
    const room = this.scroller.clientHeight - this.head.offsetHeight;
    const top = index * height;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + height > this.scroller.scrollTop + room) this.scroller.scrollTop = top + height - room;
    this.#drawRow(index, height);
    this.#note(this.#drawn.get(index));
    this.#drawn.get(index).focus({ preventScroll: true });
    this.#draw();
  }
}
