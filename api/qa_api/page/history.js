/* The list of kept conversations. */

import { currentId, show } from "./conversation.js";
import { byId, confirmation, h, iconButton } from "./dom.js";
import { conversations, forget } from "./store.js";

/** Wire "New conversation" and the changes that another tab makes. */
export function startHistory(afterChoice) {
  byId("new-conversation").addEventListener("click", () => {
    show();
    afterChoice();
  });
  window.addEventListener("storage", () => renderHistory(afterChoice));
}

/** Draw the list. */
export function renderHistory(afterChoice) {
  const rows = conversations().map((one) => row(one, afterChoice));
  byId("conversations").replaceChildren(
    ...(rows.length ? rows : [h("li", { class: "note" }, "Kept in this browser only.")]),
  );
}

function row(one, afterChoice) {
  const name = one.turns[0]?.question ?? "Empty";
  const choose = () => {
    show(one);
    afterChoice();
  };
  return h(
    "li",
    { class: "rail-row" },
    h(
      "button",
      {
        type: "button",
        class: "rail-open",
        title: name,
        "aria-current": one.id === currentId() ? "true" : null,
        on: { click: choose },
      },
      h("span", { class: "rail-name" }, name),
    ),
    iconButton("trash", `Delete the conversation “${name}”`, () => remove(one, name, afterChoice)),
  );
}

async function remove(one, name, afterChoice) {
  if (
    !(await confirmation(
      "Delete this conversation?",
      `“${name}” will be removed from this browser.`,
      "Delete",
    ))
  )
    return;
  forget(one.id);
  if (one.id === currentId()) show();
  renderHistory(afterChoice);
  byId("new-conversation").focus();
}
