/* The key that a service may want. It is kept until the tab is closed. */

import { byId, h } from "./dom.js";
import { tab } from "./kept.js";

const KEY = "qa:key";
let open = null; // the open dialog, which requests at the same time share

/** The key in use, or null. */
export const currentKey = () => tab.get(KEY);

/** The header that shows it. */
export function authorisation() {
  const key = currentKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * After a request with the key `refused` was turned down: whether there is another one now, asked for
 * here or given meanwhile.
 */
export async function hasOtherKey(refused) {
  if (currentKey() !== refused) return true;
  return askForKey(refused && "That key was not accepted.");
}

/** Ask for a key; `remark` says why. Resolves to whether one was given; Escape and Cancel keep the old. */
export async function askForKey(remark) {
  open ??= dialog(remark).finally(() => {
    open = null;
  });
  const key = await open;
  if (key) tab.set(KEY, key);
  byId("change-key").hidden = !currentKey();
  return Boolean(key);
}

function dialog(remark) {
  const element = byId("key");
  const input = h("input", { id: "key-input", type: "password", autocomplete: "off", required: true });
  const cancel = () => element.close("");
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { id: "key-title" }, "This service needs a key"),
    remark && h("p", { role: "alert" }, remark),
    h("label", { for: "key-input" }, "Key"),
    input,
    h("p", { class: "note" }, "It is kept until this tab is closed."),
    h(
      "div",
      { class: "dialog-actions" },
      h("button", { type: "button", class: "quiet", on: { click: cancel } }, "Cancel"),
      h("button", { type: "submit", value: "use" }, "Use it"),
    ),
  );
  element.replaceChildren(form);
  element.returnValue = "";
  return new Promise((resolve) => {
    const closed = () => resolve(element.returnValue === "use" ? input.value.trim() : null);
    element.addEventListener("close", closed, { once: true });
    element.showModal();
    input.focus();
  });
}
