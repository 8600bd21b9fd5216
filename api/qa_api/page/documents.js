/* The documents: list, filter, upload, delete. */

import { Problem, asProblem, deleteDocument, listDocuments, uploadFiles } from "./api.js";
import { announce, byId, confirmation, h, iconButton } from "./dom.js";
import { count, dateWords } from "./text.js";

const FILTER_FROM = 8;
const SHOWN = 300;
const METADATA = ".meta.toml";
const OUTCOMES = { created: "Added", replaced: "Replaced the earlier one", unchanged: "Was there already" };

let documents = null; // not listed yet
let hooks = { open: () => {}, changed: () => {}, failed: () => {} };
let queue = Promise.resolve(); // one upload at a time: the index has one writer

/** The documents as last listed; null before they were. */
export const allDocuments = () => documents;

/** A document's title; its id where it is not known. */
export const titleOf = (id) => documents?.find((one) => one.id === id)?.title ?? id;

/** Wire the list. `given`: open(document, button), changed(documents), failed(problem, retry). */
export function startDocuments(given) {
  hooks = given;
  const files = byId("files");
  byId("add-documents").addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    upload([...files.files]);
    files.value = "";
  });
  byId("filter").addEventListener("input", render);
  startDrop();
}

/** List the documents again. */
export async function refreshDocuments() {
  try {
    documents = await listDocuments();
  } catch (error) {
    hooks.failed(asProblem(error), refreshDocuments);
    return;
  }
  render();
  hooks.changed(documents);
}

function render() {
  if (!documents) return;
  const wanted = byId("filter").value.trim().toLowerCase();
  const found = documents.filter((one) => `${one.title} ${one.uri}`.toLowerCase().includes(wanted));
  byId("filter-label").hidden = documents.length < FILTER_FROM;
  byId("documents-title").textContent = documents.length ? `Documents (${documents.length})` : "Documents";
  const rows = found.slice(0, SHOWN).map(row);
  if (found.length > SHOWN)
    rows.push(
      h("li", { class: "note" }, `${count(found.length - SHOWN, "more document")}: filter to find them.`),
    );
  byId("documents").replaceChildren(...rows);
}

function row(one) {
  const date = dateWords(one.published);
  return h(
    "li",
    { class: "rail-row" },
    h(
      "button",
      {
        type: "button",
        class: "rail-open",
        title: one.uri,
        on: { click: (event) => hooks.open(one, event.currentTarget) },
      },
      h("span", { class: "rail-name" }, one.title),
      date && h("span", { class: "note" }, date),
    ),
    // What was read from a folder is removed there.
    one.origin === "upload" && iconButton("trash", `Delete “${one.title}”`, () => remove(one)),
  );
}

async function remove(one) {
  const sure = await confirmation(
    "Delete this document?",
    `“${one.title}” will be removed from the documents and answers will no longer draw on it.`,
    "Delete",
  );
  if (!sure) return;
  try {
    await deleteDocument(one.id);
    announce(`${one.title} was deleted.`);
  } catch (error) {
    hooks.failed(asProblem(error));
  }
  await refreshDocuments();
  byId("add-documents").focus();
}

/** Upload files, one after the other; each document has a line that tells how it goes. */
export function upload(files) {
  for (const group of documentsOf(files)) {
    const line = uploadLine(group[0].name);
    queue = queue.then(() => send(group, line));
  }
}

/** Each document with the metadata file beside it, which must travel in the same request. */
function documentsOf(files) {
  const names = new Set(files.map((file) => file.name));
  const isBeside = (file) => file.name.endsWith(METADATA) && names.has(file.name.slice(0, -METADATA.length));
  return files
    .filter((file) => !isBeside(file))
    .map((file) => [file, ...files.filter((other) => other.name === file.name + METADATA)]);
}

function uploadLine(name) {
  const progress = h("progress", { max: "1", value: "0", "aria-label": `Upload of ${name}` });
  const state = h("span", { class: "note" }, "Waiting");
  const line = h("li", { class: "upload" }, h("span", { class: "rail-name" }, name), progress, state);
  byId("uploads").append(line);
  return { name, line, progress, state };
}

async function send(group, { name, line, progress, state }) {
  state.textContent = "Sending";
  try {
    const results = await uploadFiles(group, (part) => {
      progress.value = part;
      if (part < 1) return;
      progress.removeAttribute("value"); // sent; how long indexing takes is not known
      state.textContent = "Reading and indexing";
    });
    const refused = results.find((result) => result.problem);
    if (refused) throw new Problem({ kind: "service", ...refused.problem });
    const outcome =
      results.length === 1 ? OUTCOMES[results[0].outcome] : `Added ${count(results.length, "document")}`;
    state.textContent = outcome;
    announce(`${name}: ${outcome}.`);
    setTimeout(() => line.remove(), 4000);
  } catch (error) {
    line.classList.add("failed");
    state.setAttribute("role", "alert");
    state.textContent = asProblem(error).detail;
    line.append(iconButton("close", `Dismiss the error of ${name}`, () => line.remove()));
  }
  progress.remove();
  await refreshDocuments();
}

function startDrop() {
  const veil = byId("drop");
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  document.addEventListener("drop", (event) => {
    veil.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    upload([...event.dataTransfer.files]);
  });
}
