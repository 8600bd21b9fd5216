/* Puts the page together: conversation, source, documents, history. */

import { refreshEmpty, startConversation, submit } from "./conversation.js";
import { allDocuments, refreshDocuments, startDocuments, titleOf } from "./documents.js";
import { byId, h, icon, iconButton } from "./dom.js";
import { exampleQuestions } from "./examples.js";
import { renderHistory, startHistory } from "./history.js";
import { askForKey, currentKey } from "./key.js";
import { openSource, startSources } from "./sources.js";
import { linkedCitation } from "./text.js";

let examples = [];

const railOpen = () => byId("app").classList.contains("with-rail");

function closeRail() {
  if (!railOpen()) return;
  byId("app").classList.remove("with-rail");
  document.querySelector("main").inert = false;
  byId("menu").setAttribute("aria-expanded", "false");
}

function startRail() {
  const menu = byId("menu");
  menu.append(icon("menu"));
  menu.addEventListener("click", () => {
    byId("app").classList.add("with-rail");
    menu.setAttribute("aria-expanded", "true");
    document.querySelector("main").inert = true; // it lies beneath
    byId("new-conversation").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (
      event.key !== "Escape" ||
      !byId("app").classList.contains("with-rail") ||
      document.querySelector("dialog[open]")
    )
      return;
    closeRail();
    menu.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (railOpen() && !byId("rail").contains(event.target) && !document.querySelector("dialog[open]"))
      closeRail();
  });
}

/** Say what went wrong above the conversation; `retry` is offered where trying again may help. */
function showProblem(topic, problem, retry) {
  const again = () => {
    hideProblem();
    retry();
  };
  byId("notice").replaceChildren(
    h("p", {}, h("strong", {}, problem.title), ". ", problem.detail),
    ...(retry ? [h("button", { type: "button", class: "retry", on: { click: again } }, "Try again")] : []),
    iconButton("close", "Dismiss", hideProblem),
  );
  byId("notice").dataset.topic = topic;
  byId("notice").hidden = false;
}

function hideProblem() {
  byId("notice").hidden = true;
  byId("notice").replaceChildren();
}

/** What an empty conversation shows. */
function welcome() {
  const lead =
    allDocuments()?.length === 0
      ? "There are no documents yet. Add some or drop them here, then ask."
      : "Each sentence of an answer points to its source. What no document says is not answered.";
  return [
    h(
      "div",
      { class: "welcome" },
      h("p", { class: "welcome-title" }, "What would you like to know?"),
      h("p", {}, lead),
      h(
        "ul",
        { class: "examples", "aria-label": "Example questions" },
        examples.map((question) =>
          h("li", {}, h("button", { type: "button", on: { click: () => submit(question) } }, question)),
        ),
      ),
    ),
  ];
}

async function documentsChanged(documents) {
  if (byId("notice").dataset.topic === "documents") hideProblem();
  refreshEmpty();
  try {
    examples = await exampleQuestions(documents);
  } catch {
    examples = []; // examples are an extra; what is wrong shows where it matters
  }
  refreshEmpty();
}

function openLinked() {
  const citation = linkedCitation(location.hash);
  if (citation) openSource({ ...citation, title: titleOf(citation.document_id) });
}

function startKey() {
  const button = byId("change-key");
  button.hidden = !currentKey();
  button.addEventListener("click", async () => {
    if (await askForKey()) refreshDocuments();
  });
}

startKey();
startRail();
startSources();
startDocuments({
  open: (one, button) => {
    closeRail();
    openSource({ document_id: one.id, title: one.title }, [], button);
  },
  changed: documentsChanged,
  failed: (problem, retry) => showProblem("documents", problem, retry),
});
startHistory(closeRail);
startConversation({
  open: openSource,
  changed: () => renderHistory(closeRail),
  empty: welcome,
  failed: (problem) => showProblem("conversation", problem),
});
window.addEventListener("hashchange", openLinked);
refreshDocuments().then(openLinked);
