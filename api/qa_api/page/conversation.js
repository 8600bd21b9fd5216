/* The conversation: sends questions, shows what comes, keeps it. */

import { replyElement, turnElement } from "./answer.js";
import { asProblem, askStream, sendFeedback } from "./api.js";
import { announce, byId } from "./dom.js";
import { conversations, historyOf, keep, newConversation, shownId } from "./store.js";
import { count } from "./text.js";

const NEAREST_KEPT = 5;

let current = newConversation();
let asking = null; // the AbortController of the question under way
let told = false; // that conversations are not kept
let hooks = { open: () => {}, changed: () => {}, failed: () => {}, empty: () => [] };

/** The id of the conversation on show. */
export const currentId = () => current.id;

/**
 * Wire the composer. `given`: open(citation, siblings, button), changed() after something was kept,
 * failed(problem), empty() for what an empty conversation shows.
 */
export function startConversation(given) {
  hooks = given;
  const question = byId("question");
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    if (asking) asking.abort();
    else submit(question.value);
  });
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!asking) submit(question.value);
  });
  question.addEventListener("input", fit);
  show(conversations().find((one) => one.id === shownId.get()));
}

/** Show another conversation, or a new one. */
export function show(conversation = newConversation()) {
  if (asking) asking.abort();
  current = conversation;
  shownId.set(current.id);
  render();
  byId("log").scrollTop = byId("log").scrollHeight;
  byId("question").focus();
  hooks.changed();
}

/** Ask, as if it had been typed. */
export function submit(text) {
  const question = text.trim();
  if (!question || asking) return;
  byId("question").value = "";
  fit();
  const turn = { question };
  current.turns.push(turn);
  if (current.turns.length === 1) byId("log").replaceChildren();
  byId("log").append(turnElement(turn, actionsOf(turn)));
  answer(turn, current);
}

/** Draw an empty conversation again, for instance when the documents have changed. */
export function refreshEmpty() {
  if (current.turns.length === 0) render();
}

function render() {
  const log = byId("log");
  if (current.turns.length === 0) log.replaceChildren(...hooks.empty());
  else log.replaceChildren(...current.turns.map((turn) => turnElement(settled(turn), actionsOf(turn))));
}

/** A turn from an earlier visit that neither ended well nor badly was cut off. */
function settled(turn) {
  if (turn.answer || turn.error) return turn;
  return {
    ...turn,
    error: {
      title: "This question was not answered",
      detail: "The page was closed, or the answer stopped, before it came.",
    },
  };
}

function actionsOf(turn) {
  const conversation = current;
  return {
    open: hooks.open,
    retry: () => {
      if (!asking) answer(turn, conversation);
    },
    vote: (verdict, button) => vote(turn, verdict, conversation, button),
  };
}

async function answer(turn, conversation) {
  const controller = new AbortController();
  asking = controller;
  setBusy(true);
  Object.assign(turn, { error: undefined, answer: undefined });
  const live = { ...turn, claims: [] };
  const redraw = () => {
    if (conversation === current) redrawReply(live, turn);
  };
  const history = historyOf(conversation.turns.slice(0, conversation.turns.indexOf(turn)));
  redraw();
  keepOrTell(conversation);
  hooks.changed();
  try {
    turn.answer = await askStream(
      { question: turn.question, history },
      {
        signal: controller.signal,
        onEvidence: ({ evidence, standalone_question: understood }) => {
          Object.assign(live, { evidence, understood });
          announce(`Reading ${count(evidence.length, "passage")}.`);
          redraw();
        },
        onClaim: (claim) => {
          live.claims.push(claim);
          redraw();
        },
      },
    );
    if (turn.answer.status === "not_found") turn.nearest = live.evidence?.slice(0, NEAREST_KEPT);
    announce(spoken(turn.answer));
  } catch (error) {
    turn.error =
      error.name === "AbortError"
        ? { title: "Stopped", detail: "You stopped this question." }
        : problemOf(error);
    announce(`${turn.error.title}. ${turn.error.detail}`);
  }
  asking = asking === controller ? null : asking;
  setBusy(Boolean(asking));
  Object.assign(live, turn);
  redraw();
  keepOrTell(conversation);
  hooks.changed();
}

function keepOrTell(conversation) {
  if (keep(conversation) || told) return;
  told = true; // once is enough
  hooks.failed({
    title: "This browser keeps no more conversations",
    detail: "Its storage for this page is full or blocked. What you ask now lasts until you close the page.",
  });
}

function problemOf(error) {
  const { title, detail } = asProblem(error);
  return { title, detail };
}

function redrawReply(live, turn) {
  const log = byId("log");
  const article = log.children[current.turns.indexOf(turn)];
  if (!article) return;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 160;
  article.replaceChild(replyElement(live, actionsOf(turn)), article.lastElementChild);
  const isLast = article === log.lastElementChild;
  // The start of a long answer stays in sight: the question goes to the top, no further.
  if (isLast && (atEnd || !live.evidence))
    log.scrollTop = Math.min(log.scrollHeight, article.offsetTop - log.offsetTop - 16);
}

function spoken(answer) {
  if (answer.status === "not_found") return `${answer.answer} The nearest passages follow.`;
  return `Answer: ${answer.answer} ${count(answer.citations.length, "source")}.`;
}

async function vote(turn, verdict, conversation, button) {
  try {
    await sendFeedback(
      turn.answer,
      verdict,
      historyOf(conversation.turns.slice(0, conversation.turns.indexOf(turn))),
    );
  } catch (error) {
    hooks.failed(asProblem(error));
    return;
  }
  turn.verdict = verdict;
  keepOrTell(conversation);
  for (const one of button.parentElement.querySelectorAll(".vote"))
    one.setAttribute("aria-pressed", String(one === button));
  announce("Thank you: your verdict was kept.");
}

function setBusy(busy) {
  byId("send").textContent = busy ? "Stop" : "Ask";
}

function fit() {
  const question = byId("question");
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
}
