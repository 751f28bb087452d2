// Elements and texts. Whatever comes from a listing or a portal becomes a text node here, never markup.

/** Return a new element. Members of `attributes`: `class`, `text`, `on…` listeners, booleans, anything else as it is. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return a drawing of one line, which says nothing to a screen reader. */
export function draw(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS(svg.namespaceURI, "path");
  const attributes = { viewBox: "0 0 16 16", class: "sign", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Return an element by its id. */
export const find = (id) => document.getElementById(id);

/** Say something to whoever listens to the page. */
export function say(text) {
  find("said").textContent = text;
}

/** Show an error until the next one; empty to take it away. */
export function complain(text) {
  find("alert").textContent = text;
  find("alert").hidden = !text;
}

/** Return an address as a link may have it, null for anything but http and https. */
export function readLink(text) {
  try {
    const url = new URL(text);
    return ["https:", "http:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Ask a yes or no question; resolves to whether it was yes. */
export function ask({ title, text, yes }) {
  const dialog = find("confirm");
  find("confirm-title").textContent = title;
  find("confirm-text").textContent = text;
  find("confirm-yes").textContent = yes;
  return new Promise((resolve) => {
    const done = (answer) => () => {
      dialog.close();
      resolve(answer);
    };
    find("confirm-yes").onclick = done(true);
    find("confirm-no").onclick = done(false);
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
    find("confirm-no").focus();
  });
}
