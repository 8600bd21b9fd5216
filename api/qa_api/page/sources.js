/* The source beside the answer: the whole document, at the quote, with the quote highlighted. */

import { notesElement, pieceNode } from "./answer.js";
import { asProblem, readDocument } from "./api.js";
import { announce, byId, copyButton, h, iconButton } from "./dom.js";
import { citationLink, codePoints, dateWords, pieces, utf16Indexes } from "./text.js";

const narrow = matchMedia("(max-width: 1099px)");
let opener = null; // gets the focus back
let latest = 0; // a slow document must not replace a later one

/** Wire Escape, the way out beside it, and the change between panel and sheet. */
export function startSources() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !byId("source").hidden && !document.querySelector("dialog[open]"))
      closeSource();
  });
  narrow.addEventListener("change", cover);
  // Pointing beside the sheet closes it. On the way down: the click that opens it comes after.
  document.addEventListener("pointerdown", (event) => {
    const panel = byId("source");
    if (narrow.matches && !panel.hidden && !panel.contains(event.target)) closeSource();
  });
}

/**
 * Show a document. `citation`: document_id, and where there is a quote start, end, revision, quote,
 * highlight, notes. `siblings`: the citations of the same answer, to step through.
 */
export async function openSource(citation, siblings = [], from = document.activeElement) {
  const panel = byId("source");
  if (!panel.contains(from)) opener = from;
  const turn = (latest += 1);
  markOpened(from);
  panel.hidden = false;
  byId("app").classList.add("with-source");
  panel.replaceChildren(
    head(citation.title ?? citation.document_id, {}),
    h("p", { class: "note padded" }, "Opening…"),
  );
  cover();
  try {
    const found = await readDocument(citation.document_id);
    if (turn === latest) fill(panel, found, citation, siblings);
  } catch (error) {
    if (turn === latest) fail(panel, asProblem(error), citation, siblings);
  }
}

/** Close it; the focus goes back to where it was opened. */
export function closeSource() {
  latest += 1;
  byId("source").hidden = true;
  byId("source").replaceChildren();
  byId("app").classList.remove("with-source");
  markOpened(null);
  cover();
  if (location.hash.startsWith("#doc=")) history.replaceState(null, "", location.pathname + location.search);
  (opener?.checkVisibility() ? opener : byId("question")).focus();
}

/** On narrow screens the source covers the page, which then must not be reached beneath it. */
function cover() {
  const covered = narrow.matches && !byId("source").hidden;
  byId("rail").inert = covered;
  document.querySelector("main").inert = covered;
}

function markOpened(from) {
  for (const one of document.querySelectorAll("[aria-expanded=true].mark"))
    one.removeAttribute("aria-expanded");
  if (from?.classList.contains("mark")) from.setAttribute("aria-expanded", "true");
}

function head(title, citation, meta = [], siblings = []) {
  const quoted = citation.start !== undefined;
  return h(
    "header",
    { class: "source-head" },
    h(
      "div",
      { class: "source-title" },
      h("h2", { id: "source-title", tabindex: "-1" }, title),
      h("p", { class: "note" }, meta),
    ),
    h(
      "div",
      { class: "tools" },
      siblings.length > 1 && steps(citation, siblings),
      quoted && copyButton("link", "Copy a link to this quote", () => citationLink(citation)),
      iconButton("close", "Close the source", closeSource),
    ),
  );
}

function steps(citation, siblings) {
  const place = siblings.findIndex(
    (one) => one.document_id === citation.document_id && one.start === citation.start,
  );
  const step = (by, label, sign) =>
    h(
      "button",
      {
        type: "button",
        class: "icon",
        "aria-label": label,
        title: label,
        disabled: !siblings[place + by],
        on: { click: (event) => openSource(siblings[place + by], siblings, event.currentTarget) },
      },
      sign,
    );
  return [
    step(-1, "Previous source", "‹"),
    h("span", { class: "note" }, `${place + 1} of ${siblings.length}`),
    step(1, "Next source", "›"),
  ];
}

function fill(panel, found, citation, siblings) {
  const place = quotePlace(found, citation);
  const date = dateWords(found.published);
  const text = h("div", {
    class: "source-text",
    tabindex: "0",
    role: "region",
    "aria-label": "Text of the document",
  });
  const meta = [
    h("span", {}, date ? `Published ${date}` : "Date not known"),
    " · ",
    h("span", { class: "uri" }, found.uri),
  ];
  const notes =
    citation.notes?.length > 0 && place.at
      ? h(
          "p",
          { class: "source-notes" },
          h("span", { class: "unseen" }, "Dates in the quote. "),
          notesElement(citation.notes),
        )
      : null;
  panel.replaceChildren(
    head(found.title, citation, meta, siblings),
    ...[place.warning && h("p", { class: "warning" }, place.warning), notes].filter(Boolean),
    text,
  );
  const mark = writeText(text, found.text, place.at, citation);
  byId("source-title").focus({ preventScroll: true });
  if (mark)
    text.scrollTop =
      mark.offsetTop - text.offsetTop - Math.max(24, (text.clientHeight - mark.offsetHeight) / 3);
  announce(
    mark ? `Source ${found.title} opened at the quote: ${mark.textContent}` : `Source ${found.title} opened.`,
  );
}

/**
 * Where the quote is, as offsets in code points, and what to warn of. An answer of an earlier day may
 * quote a revision that has been replaced: then the quote is looked for, and never marked by guess.
 */
function quotePlace(found, citation) {
  if (citation.start === undefined) return { at: null };
  const [from, to] = utf16Indexes(found.text, [citation.start, citation.end]);
  const current = !citation.revision || found.revision.startsWith(citation.revision);
  const matches = citation.quote === undefined ? current : found.text.slice(from, to) === citation.quote;
  if (matches && from < to) return { at: [citation.start, citation.end] };
  const moved = citation.quote ? found.text.indexOf(citation.quote) : -1;
  if (moved < 0)
    return {
      at: null,
      warning: "The document has changed since it was quoted; the quoted words are no longer at this place.",
    };
  const start = codePoints(found.text, moved);
  return {
    at: [start, start + citation.end - citation.start],
    warning: "The document has changed since it was quoted; the quote has moved to the marked place.",
  };
}

/** Writes the text into `region`, all in text nodes; returns the mark, or null without a quote. */
function writeText(region, text, at, citation) {
  if (!at) {
    region.append(text);
    return null;
  }
  const [from, to] = utf16Indexes(text, at);
  const spans = (citation.notes ?? []).map((note) => ({
    start: note.start,
    end: note.end,
    name: note.meaning,
  }));
  if (citation.highlight) {
    const [start, end] = citation.highlight;
    spans.push({ start: start - citation.start, end: end - citation.start, name: "short" });
  }
  const mark = h("mark", {}, pieces(text.slice(from, to), spans).map(pieceNode));
  region.append(text.slice(0, from), mark, text.slice(to));
  return mark;
}

function fail(panel, problem, citation, siblings) {
  const gone = problem.status === 404;
  const words = gone
    ? "This document is no longer among the documents."
    : `${problem.title}. ${problem.detail}`;
  const retry = h(
    "button",
    { type: "button", on: { click: () => openSource(citation, siblings, opener) } },
    "Try again",
  );
  panel.replaceChildren(
    head(citation.title ?? citation.document_id, citation),
    h("div", { class: "padded" }, h("p", { role: "alert" }, words), gone ? null : retry),
  );
  byId("source-title").focus({ preventScroll: true });
}
