/*
 * Conversations, kept in this browser only. Each has a key of its own, so that two open tabs do not
 * overwrite each other's. A turn is {question, answer?, nearest?, error?, verdict?}.
 */

import { browser, tab } from "./kept.js";

const PREFIX = "qa:conversation:";
const KEPT = 50;

/** The conversation that this tab shows, so that a reload shows it again. */
export const shownId = {
  get: () => tab.get("qa:shown"),
  set: (id) => tab.set("qa:shown", id),
};

/** An empty conversation; nothing is kept before its first question. */
export function newConversation() {
  return {
    id: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`,
    updated: Date.now(),
    turns: [],
  };
}

/** All kept conversations, the latest first. What cannot be read is left out. */
export function conversations() {
  const found = browser.keys().filter((key) => key.startsWith(PREFIX));
  return found
    .map(read)
    .filter(Boolean)
    .sort((a, b) => b.updated - a.updated);
}

function read(key) {
  try {
    const kept = JSON.parse(browser.get(key));
    return Array.isArray(kept.turns) && kept.turns.every((turn) => typeof turn.question === "string")
      ? kept
      : null;
  } catch {
    return null;
  }
}

/**
 * Keep a conversation; the oldest give way when there are many or the browser's room is full. Returns
 * whether it will be there when the page is opened again.
 */
export function keep(conversation) {
  conversation.updated = Date.now();
  const others = conversations().filter((one) => one.id !== conversation.id);
  for (const old of others.splice(KEPT - 1)) forget(old.id);
  while (!browser.set(PREFIX + conversation.id, JSON.stringify(conversation))) {
    const oldest = others.findLast((one) => browser.lasts(PREFIX + one.id));
    if (!oldest) return false;
    others.splice(others.indexOf(oldest), 1);
    forget(oldest.id);
  }
  return true;
}

/** Remove a conversation. */
export function forget(id) {
  browser.remove(PREFIX + id);
}

/** The earlier turns as the contract's `history`: the last ten answered questions. */
export function historyOf(turns) {
  return turns
    .filter((turn) => turn.answer)
    .slice(-10)
    .flatMap((turn) => [
      { role: "user", content: turn.question },
      { role: "assistant", content: turn.answer.answer },
    ]);
}
