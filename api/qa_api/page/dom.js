/* Small tools for the page. Nothing from outside is ever parsed as HTML: only text nodes are made. */

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  copy: "M9 9V5h10v10h-4M5 9h10v10H5z",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  up: "M7 11v9H4v-9zM7 11l4-7c1.6 0 2.5 1.2 2.2 2.8L12.6 10H19c1 0 1.7.9 1.4 1.9l-1.8 6.6c-.3.9-1 1.5-2 1.5H7",
  down: "M17 13V4h3v9zM17 13l-4 7c-1.6 0-2.5-1.2-2.2-2.8l.6-3.2H5c-1 0-1.7-.9-1.4-1.9l1.8-6.6C5.7 4.6 6.4 4 7.4 4H17",
  check: "M5 12.5l4.5 4.5L19 7.5",
};

/** The element with this id; the page's own skeleton has it. */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * An element. `props` are attributes, except: `class`, `on` ({event: listener}) and booleans.
 * Children are nodes or strings; strings become text nodes; null, undefined and false are left out.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (typeof value === "boolean") {
      element.toggleAttribute(name, value);
    } else if (value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** A line drawing, hidden from screen readers: what holds it has the label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only an icon; `label` is its name and its tooltip. */
export function iconButton(name, label, onClick, props = {}) {
  return h(
    "button",
    { type: "button", class: "icon", "aria-label": label, title: label, on: { click: onClick }, ...props },
    icon(name),
  );
}

/** Tell screen readers. The same words twice are told twice. */
export function announce(words) {
  const status = byId("status");
  status.textContent = "";
  requestAnimationFrame(() => {
    status.textContent = words;
  });
}

/** Put text on the clipboard; without a secure context by the older way. Returns whether it worked. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const worked = document.execCommand("copy");
    area.remove();
    return worked;
  }
}

/** A button that copies, and says for a moment that it did. */
export function copyButton(name, label, text) {
  const button = iconButton(name, label, async () => {
    const worked = await copyText(text());
    announce(worked ? "Copied." : "The browser did not allow copying.");
    if (!worked) return;
    button.replaceChildren(icon("check"));
    setTimeout(() => button.replaceChildren(icon(name)), 1500);
  });
  return button;
}

/** Ask before something that cannot be undone; resolves to true or false. Escape is false. */
export function confirmation(title, detail, action) {
  const dialog = byId("confirm");
  return new Promise((resolve) => {
    const done = (answer) => {
      dialog.close(answer ? "yes" : "");
    };
    dialog.replaceChildren(
      h("h2", { id: "confirm-title" }, title),
      h("p", {}, detail),
      h(
        "div",
        { class: "dialog-actions" },
        h(
          "button",
          { type: "button", class: "quiet", autofocus: true, on: { click: () => done(false) } },
          "Cancel",
        ),
        h("button", { type: "button", class: "danger", on: { click: () => done(true) } }, action),
      ),
    );
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
