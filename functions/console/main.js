// The console: signing in, reading how all listings fare, and what the reader does with them.

import { Api, ApiError } from "./api.js";
import { Board, HEALTHS, isHarmless } from "./board.js";
import { ask, complain, find, make, say } from "./dom.js";
import { Grid, makeChip } from "./grid.js";
import { ListingView, explain } from "./listing.js";
import { comesBack, dropToken, finishSignIn, keepToken, leaveToSignIn, readSettings, readToken, takeFragment } from "./session.js";
import { PORTALS, number, speak, spoken, text } from "./texts.js";

const PAGE = 1000; // publications at once
const HEAD = 250; // the newest of each state, read again and again
const REFRESH_MS = 15_000;
const ACTORS = ["agency", "crm", "portal", "hub"];
const THEME = "placard.theme";
const LANGUAGE = "placard.language";
const CUSTOMER = "placard.customer";

const filters = { health: "", portal: "", actor: "", search: "" };
let api;
let board = new Board();
let loading = new AbortController();
let complete = false; // whether all listings are known
let drawing = 0;
let shown = [];
let settings = {};

const view = new ListingView({
  board: { get: (id) => board.get(id) },
  onClose: (id) => {
    history.replaceState(null, "", location.pathname);
    grid.mark("");
    grid.focusOn(id);
  },
  onChange: () => refresh(),
});
const grid = new Grid((id) => openListing(id));

// ---------------------------------------------------------------------------------------------------------- the board

/** Read how all listings fare: first those with problems, then the others side by side. */
async function load() {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  const next = new Board();
  board = next;
  complete = false;
  complain("");
  draw();
  try {
    const [worst, ...others] = HEALTHS;
    await loadAll(worst, next, signal);
    await Promise.all(others.map((health) => loadAll(health, next, signal)));
    complete = true;
    draw();
    say(find("count").textContent);
    schedule(signal);
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

async function loadAll(health, into, signal) {
  let nextToken;
  do {
    const page = await api.listPublications(health, { limit: PAGE, nextToken, signal });
    page.items.forEach((publication) => into.put(publication));
    nextToken = page.nextToken;
    draw();
  } while (nextToken);
}

/** Read what changed last of each state, and let go of what has left it for good. */
async function refresh() {
  const { signal } = loading;
  if (!complete) return;
  try {
    const pages = await Promise.all(HEALTHS.map((health) => api.listPublications(health, { limit: HEAD, signal })));
    if (signal.aborted) return;
    const known = new Map([...board.publications()].map(([id, one]) => [`${id} ${one.channel}`, one]));
    const fresh = new Set();
    for (const page of pages) {
      for (const publication of page.items) {
        fresh.add(`${publication.classifiedId} ${publication.channel}`);
        board.put(publication);
      }
      // All of a long page is news: there may be more of it behind.
      const tail = page.items.at(-1);
      const before = tail && known.get(`${tail.classifiedId} ${tail.channel}`);
      if (page.nextToken && before?.portals.map((one) => one.changedAt).join() !== tail.portals.map((one) => one.changedAt).join()) {
        load();
        return;
      }
    }
    HEALTHS.forEach((health, index) => {
      if (pages[index].nextToken) return;
      for (const [key, one] of known) {
        if (one.health === health && !fresh.has(key)) board.drop(one.classifiedId, one.channel);
      }
    });
    complain("");
    draw();
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

function schedule(signal) {
  const timer = setInterval(() => document.visibilityState === "visible" && refresh(), REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function fail(error) {
  if (error instanceof ApiError && error.status === 401) showSignIn(text("expired"));
  else complain(explain(error));
}

/** Draw the board once before the next picture, however much came in. */
function draw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    drawNow();
  });
}

function drawNow() {
  const { listings, counts } = board.select(filters);
  const present = board.portals();
  const portals = PORTALS.filter((portal) => (filters.portal ? portal === filters.portal : present.has(portal)));
  shown = listings;
  drawHealths(counts);
  drawChoices(find("portal"), "anyPortal", "portal", PORTALS.filter((portal) => present.has(portal)), filters.portal);
  drawChoices(find("actor"), "anyActor", "actor", ACTORS, filters.actor);
  find("count").textContent = complete
    ? text("count", { shown: number(listings.length), all: number(board.size) })
    : text("reading", { all: number(board.size) });
  find("nothing").hidden = !complete || listings.length > 0;
  find("nothing").textContent = text(board.size ? "nothing" : "empty");
  find("board").hidden = listings.length === 0;
  const again = listings.filter((listing) => [...listing.cells.values()].some(isHarmless)).length;
  find("retry-all").hidden = again === 0;
  find("retry-all").textContent = text("retryAll", { count: number(again) });
  grid.show(listings, portals);
}

function drawHealths(counts) {
  const group = find("healths");
  group.setAttribute("aria-label", text("health"));
  const wanted = ["", ...HEALTHS];
  if (group.children.length !== wanted.length) {
    group.replaceChildren(...wanted.map((health) => make("button", { type: "button", "data-health": health, onclick: () => choose({ health }) })));
  }
  const all = HEALTHS.reduce((sum, health) => sum + counts[health], 0);
  wanted.forEach((health, index) => {
    const button = group.children[index];
    const label = health ? makeChip({ health }) : make("span", { text: text("all") });
    button.replaceChildren(label, make("span", { class: "number", text: ` ${number(health ? counts[health] : all)}` }));
    button.setAttribute("aria-pressed", String(filters.health === health));
  });
}

function drawChoices(select, any, kind, values, chosen) {
  const options = [["", text(any)], ...values.map((value) => [value, text(`${kind}.${value}`)])];
  const key = options.flat().join("|");
  if (select.dataset.key !== key) {
    select.dataset.key = key;
    select.replaceChildren(...options.map(([value, label]) => make("option", { value, text: label })));
  }
  select.value = chosen;
}

function choose(changes) {
  Object.assign(filters, changes);
  find("board").scrollTop = 0;
  drawNow();
  if (document.activeElement !== find("search")) say(find("count").textContent);
}

// ---------------------------------------------------------------------------------------------------- what readers do

function openListing(id, reference = "") {
  history.replaceState(null, "", `#listing=${encodeURIComponent(id)}`);
  grid.mark(id);
  view.open(id, api, { reference });
}

/** Ask the portals of all listings shown once more, where that harms nobody, one listing after the other. */
async function retryAll() {
  const waiting = shown
    .map((listing) => [listing.id, [...listing.cells.values()].filter(isHarmless).map((cell) => cell.portal)])
    .filter(([, portals]) => portals.length);
  const count = number(waiting.length);
  const sure = { title: text("retryAllTitle"), text: text("retryAllText", { count }), yes: text("retryAll", { count }) };
  if (!(await ask(sure))) return;
  const button = find("retry-all");
  const { signal } = loading;
  button.disabled = true;
  let done = 0;
  try {
    for (const [id, portals] of waiting) {
      if (signal.aborted) break;
      try {
        await api.act("retry", id, portals);
        done++;
      } catch (error) {
        // Deleted meanwhile, or no longer on that portal: none of the others' business.
        if (![400, 404, 409].includes(error.status)) throw error;
      }
      button.textContent = text("retrying", { done: number(done), count });
    }
  } catch (error) {
    fail(error);
  }
  button.disabled = false;
  say(text("retryAllDone", { done: number(done), count }));
  await refresh();
}

/** A listing that the board does not know may still be found by its exact reference. */
async function searchFurther() {
  const reference = find("search").value.trim();
  if (shown.length === 1) openListing(shown[0].id);
  else if (reference && shown.length === 0) {
    try {
      const found = await api.findListing(reference);
      if (found) openListing(found.classifiedId, reference);
    } catch (error) {
      fail(error);
    }
  }
}

// --------------------------------------------------------------------------------------------- signing in, and the page

function showSignIn(why = "") {
  loading.abort();
  dropToken();
  board = new Board();
  view.panel.hidden = true;
  find("work").hidden = true;
  find("customer-form").hidden = true;
  find("sign-out").hidden = true;
  find("sign-in").hidden = false;
  find("sign-in-oauth").hidden = !(settings.authorizeUrl && settings.tokenUrl && settings.clientId);
  find("sign-in-why").textContent = why;
  find("sign-in-why").hidden = !why;
  (find("sign-in-oauth").hidden ? find("token") : find("sign-in-oauth")).focus();
}

function showWork() {
  find("sign-in").hidden = true;
  for (const id of ["work", "customer-form", "sign-out"]) find(id).hidden = false;
  const customer = sessionStorage.getItem(CUSTOMER) ?? "";
  find("customer").value = customer;
  find("customer").placeholder = text("customerOwn");
  api = new Api({ customer, language: spoken() });
  load();
  const listing = new URLSearchParams(location.hash.slice(1)).get("listing");
  if (listing) openListing(listing);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  find("theme").value = theme;
}

function setLanguage(language) {
  speak(language);
  find("language").value = spoken();
  find("customer").placeholder = text("customerOwn");
}

function listen() {
  find("theme").addEventListener("change", (event) => {
    localStorage.setItem(THEME, event.target.value);
    setTheme(event.target.value);
  });
  find("language").addEventListener("change", (event) => {
    localStorage.setItem(LANGUAGE, event.target.value);
    setLanguage(event.target.value);
    if (!readToken()) return;
    api = new Api({ customer: api.customer, language: spoken() });
    load(); // hints come from the API
    if (view.id) view.open(view.id, api, { focus: false });
  });
  find("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(find("token").value.trim().replace(/^Bearer\s+/i, ""));
    find("token").value = "";
    showWork();
  });
  find("sign-in-oauth").addEventListener("click", () => leaveToSignIn(settings));
  find("sign-out").addEventListener("click", () => showSignIn());
  find("customer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(CUSTOMER, find("customer").value.trim());
    if (view.id) view.close();
    showWork();
  });
  find("filters").addEventListener("submit", (event) => {
    event.preventDefault();
    searchFurther();
  });
  find("search").addEventListener("input", (event) => choose({ search: event.target.value }));
  find("portal").addEventListener("change", (event) => choose({ portal: event.target.value }));
  find("actor").addEventListener("change", (event) => choose({ actor: event.target.value }));
  find("clear").addEventListener("click", () => {
    find("search").value = "";
    choose({ health: "", portal: "", actor: "", search: "" });
  });
  find("refresh").addEventListener("click", () => load());
  find("retry-all").addEventListener("click", () => retryAll());
}

async function start() {
  setTheme(localStorage.getItem(THEME) ?? "auto");
  setLanguage(localStorage.getItem(LANGUAGE) ?? navigator.language.slice(0, 2));
  listen();
  takeFragment();
  // An address with a fresh token, opened where the console is open already.
  addEventListener("hashchange", () => takeFragment() && showWork());
  settings = await readSettings().catch(() => ({}));
  if (comesBack()) {
    try {
      await finishSignIn(settings);
    } catch (error) {
      showSignIn(text("signInFailed", { why: error.message }));
      return;
    }
  }
  if (readToken()) showWork();
  else showSignIn();
}

start();
