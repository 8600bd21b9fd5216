/* How a turn of the conversation looks: question, what is being read, answer, refusal or error. */

import { copyButton, h, icon } from "./dom.js";
import { answerText, confidenceNumber, confidenceWords, count, dateWords, pieces } from "./text.js";

const NEAREST = 3;

/**
 * A turn as an element. `actions`: open(citation, siblings, button), retry(), vote(verdict, button).
 */
export function turnElement(turn, actions) {
  return h(
    "article",
    { class: "turn" },
    h("h2", { class: "question" }, turn.question),
    replyElement(turn, actions),
  );
}

/** What follows the question. */
export function replyElement(turn, actions) {
  if (turn.error) return errorElement(turn.error, actions);
  if (turn.answer) return answerElement(turn, actions);
  return streamElement(turn, actions);
}

function streamElement(turn, actions) {
  const evidence = turn.evidence;
  const sources = new Set(evidence?.map((one) => one.document_id)).size;
  const progress = evidence
    ? `Reading ${count(evidence.length, "passage")} from ${count(sources, "document")}…`
    : "Searching the documents…";
  const claims = turn.claims ?? [];
  const siblings = claims.flatMap((claim) => claim.citations);
  return h(
    "div",
    { class: "reply streaming", "aria-busy": "true" },
    evidence && understood(turn.question, turn.understood),
    h("p", { class: "progress" }, progress),
    claims.map((claim) => claimElement(claim.text, claim.citations, siblings, actions)),
  );
}

function errorElement(problem, actions) {
  return h(
    "div",
    { class: "reply error" },
    h("p", { class: "lead" }, `${problem.title}.`.replace(/\.\.$/, ".")),
    h("p", {}, problem.detail),
    h("button", { type: "button", class: "retry", on: { click: actions.retry } }, "Try again"),
  );
}

function answerElement(turn, actions) {
  const answer = turn.answer;
  const body = answer.status === "not_found" ? refusal(turn, actions) : told(answer, actions);
  return h(
    "div",
    { class: `reply ${answer.status}` },
    understood(turn.question, answer.standalone_question),
    body,
    footElement(turn, actions),
  );
}

function understood(question, standalone) {
  if (standalone.trim() === question.trim()) return null;
  return h("p", { class: "understood" }, "Understood as: ", h("q", {}, standalone));
}

function told(answer, actions) {
  const cited = (numbers) =>
    numbers.map((n) => answer.citations.find((one) => one.number === n)).filter(Boolean);
  const sided = new Set(answer.disagreement?.positions.flatMap((one) => one.citations));
  const rest = answer.claims.filter((claim) => !claim.citations.some((n) => sided.has(n)));
  const claims = rest.map((claim) =>
    claimElement(claim.text, cited(claim.citations), answer.citations, actions),
  );
  return [
    answer.disagreement && sidesElement(answer, cited, actions),
    answer.status === "partial" && h("p", { class: "lead" }, "The documents answer a part of the question:"),
    sided.size && claims.length ? h("p", { class: "lead" }, "Also:") : null,
    claims,
    rest.length
      ? sourcesElement(
          answer.citations.filter((one) => !sided.has(one.number)),
          answer.citations,
          actions,
        )
      : null,
  ].flat();
}

function claimElement(text, citations, siblings, actions) {
  const marks = citations.map((one) => markButton(one, siblings, actions));
  const quoted = citations.find((one) => one.quote === text);
  return h("p", { class: "claim" }, withMarks(quoted ? quoteNodes(quoted) : [text], marks));
}

/** Marks after a text, on the line of its last word. */
function withMarks(nodes, marks) {
  const last = nodes.at(-1);
  const cut = typeof last === "string" ? last.lastIndexOf(" ") + 1 : 0;
  if (!cut) return [...nodes, "\u00a0", ...marks];
  return [
    ...nodes.slice(0, -1),
    last.slice(0, cut),
    h("span", { class: "tail" }, last.slice(cut), "\u00a0", marks),
  ];
}

/** The quote with its short answer marked, and what its relative dates mean on them. */
function quoteNodes(citation) {
  const spans = citation.notes.map((note) => ({ start: note.start, end: note.end, name: note.meaning }));
  if (citation.highlight) {
    const [start, end] = citation.highlight;
    spans.push({ start: start - citation.start, end: end - citation.start, name: "short" });
  }
  return pieces(citation.quote, spans).map((piece) => pieceNode(piece));
}

/** A piece of a quote: the short answer strong, a relative date with its meaning as a tooltip. */
export function pieceNode({ text, names }) {
  const meaning = names.find((name) => name !== "short" && name !== "quote");
  const node = meaning ? h("span", { class: "relative", title: meaning }, text) : text;
  return names.includes("short") ? h("strong", { class: "short" }, node) : node;
}

function markButton(citation, siblings, actions) {
  const label = `Source [${citation.number}]: ${citation.title}`;
  return h(
    "button",
    {
      type: "button",
      class: "mark",
      "aria-label": label,
      title: label,
      on: { click: (event) => actions.open(citation, siblings, event.currentTarget) },
    },
    `[${citation.number}]`,
  );
}

function sidesElement(answer, cited, actions) {
  const { kind, positions } = answer.disagreement;
  const lead =
    kind === "as_of"
      ? "The sources are of different dates; each answers as of its own."
      : "The sources disagree.";
  return h(
    "div",
    { class: `sides ${kind}` },
    h("p", { class: "lead" }, lead),
    h(
      "ul",
      { class: "columns" },
      positions.map((position) => sideElement(position, kind, cited, answer, actions)),
    ),
  );
}

function sideElement(position, kind, cited, answer, actions) {
  const citations = cited(position.citations);
  const date = dateWords(citations[0]?.published);
  return h(
    "li",
    { class: "side" },
    kind === "as_of" && h("p", { class: "as-of" }, date ? `As of ${date}` : "Undated"),
    h("p", { class: "value" }, position.value),
    citations
      .map((one) => [
        h("blockquote", {}, withMarks(quoteNodes(one), [markButton(one, answer.citations, actions)])),
        h("p", { class: "origin" }, origin(one), notesElement(one.notes)),
      ])
      .flat(),
  );
}

function origin({ title, published, page }) {
  const date = dateWords(published);
  return [
    h("cite", {}, title),
    ...(page ? [`, page\u00a0${page}`] : []),
    ...(date ? ["\u00a0· ", h("span", { class: "date" }, date)] : []),
  ];
}

/** What the relative dates of a quote mean: “Last year”: 2018. */
export function notesElement(notes) {
  if (!notes.length) return null;
  return h(
    "span",
    { class: "notes" },
    notes.map((note) => h("span", { class: "date-note" }, `“${note.phrase}”: ${note.meaning}`)),
  );
}

function sourcesElement(citations, siblings, actions) {
  const rows = citations.map((one) =>
    h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "source-row",
          on: { click: (event) => actions.open(one, siblings, event.currentTarget) },
        },
        h("span", { class: "number" }, `[${one.number}]`),
        h("span", {}, origin(one), notesElement(one.notes)),
      ),
    ),
  );
  return h("ul", { class: "cited", "aria-label": "Sources" }, rows);
}

function refusal(turn, actions) {
  const nearest = (turn.nearest ?? []).slice(0, NEAREST);
  return [
    h("p", { class: "lead" }, turn.answer.answer),
    nearest.length > 0 &&
      h(
        "section",
        { class: "nearest", "aria-label": "Nearest passages, not an answer" },
        h("p", { class: "nearest-head" }, "The nearest passages found. They do not answer the question."),
        h(
          "ul",
          {},
          nearest.map((one) =>
            h(
              "li",
              {},
              h(
                "button",
                {
                  type: "button",
                  class: "nearest-row",
                  on: { click: (event) => actions.open(one, nearest, event.currentTarget) },
                },
                h("span", { class: "nearest-quote" }, one.quote),
                h("span", { class: "origin" }, origin(one)),
              ),
            ),
          ),
        ),
      ),
  ];
}

/** Whose words the answer is in, where they are a language model's or should have been. */
function wordedElement({ generator, degraded }) {
  const worded = generator && generator !== "none" ? `Worded by ${generator}; open a source for its own words.` : "";
  const said = [worded, degraded].filter(Boolean).join(" ");
  return said ? h("span", { class: "worded" }, said) : null;
}

function footElement(turn, actions) {
  const { status, confidence } = turn.answer;
  const words = status === "not_found" ? "Not answered" : confidenceWords(confidence);
  const number = confidenceNumber(confidence);
  return h(
    "div",
    { class: "foot" },
    h("span", { class: "confidence", title: number }, words, h("span", { class: "unseen" }, `. ${number}.`)),
    wordedElement(turn.answer),
    h(
      "span",
      { class: "tools" },
      copyButton("copy", "Copy the answer with its sources", () => answerText(turn.answer)),
      voteButton("up", "Good answer", turn, actions),
      voteButton("down", "Bad answer", turn, actions),
    ),
  );
}

function voteButton(verdict, label, turn, actions) {
  const pressed = turn.verdict === verdict;
  return h(
    "button",
    {
      type: "button",
      class: "icon vote",
      "aria-label": label,
      title: label,
      "aria-pressed": String(pressed),
      on: { click: (event) => actions.vote(verdict, event.currentTarget) },
    },
    icon(verdict),
  );
}
