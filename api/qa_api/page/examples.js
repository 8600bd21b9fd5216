/*
 * Questions for an empty page, made from sentences of the index by turning a statement round: "The
 * treaty was signed in 1996." gives "When was the treaty signed?". Each is asked once, quietly, and
 * only shown if the documents answer it surely.
 */

import { ask, search } from "./api.js";
import { tab } from "./kept.js";

const KEPT = "qa:examples";
const SHOWN = 4;
const TRIED = 12;
const SURE = 0.8;

const NAME = String.raw`\p{Lu}[\p{L}’'-]+(?: \p{Lu}[\p{L}’'-]+)*`;
const SUBJECT = `(?<subject>(?:The |A )?(?:[\\p{Ll}-]+ ){0,3}${NAME}|The [\\p{Ll} -]{3,40}?)`;
const BE = "(?<verb>was|were|is|are|has been|have been)";

/** Patterns over a sentence, the better questions first, and what they turn into. */
const TURNS = [
  [
    `^${SUBJECT} ${BE} (?<rest>[^,;:]{6,70}?) (?:because|due to|thanks to) `,
    ({ verb, subject, rest }) => `Why ${inverted(verb, subject)} ${rest}?`,
  ],
  [
    `^${SUBJECT} ${BE} (?<rest>[^,;:]{6,70}?) (?:in|on|since) [^,;.]{0,16}\\d{4}\\b`,
    ({ verb, subject, rest }) => `When ${inverted(verb, subject)} ${rest}?`,
  ],
  [
    `(?:^|, )${NAME}(?:,[^,]{3,60},)? (?<verb>ha[sd] \\p{Ll}+|\\p{Ll}{2,}ed) ` +
      "(?<rest>[^,;:]{12,80}?)(?:[,;:]|\\.$| and | that | which )",
    ({ verb, rest }) => `Who ${verb} ${rest}?`,
  ],
].map(([pattern, turn]) => [new RegExp(pattern, "u"), turn]);

/** Up to four questions that these documents answer; none where there is nothing to go by. */
export async function exampleQuestions(documents) {
  if (documents.length === 0) return [];
  const state = documents
    .map((one) => one.revision)
    .sort()
    .join();
  const kept = JSON.parse(tab.get(KEPT) ?? "{}");
  if (kept.state === state) return kept.questions;
  const questions = await answered(await candidates(documents));
  tab.set(KEPT, JSON.stringify({ state, questions }));
  return questions;
}

/** Questions by document, taken in turn, so that one document does not fill the page. */
async function candidates(documents) {
  const some = documents.slice(0, 4);
  const found = await Promise.all(some.map((one) => search(one.title.slice(0, 500), 8)));
  const lists = found.map((passages) => questionsFrom(passages.map((one) => one.text).join("\n\n")));
  const turns = Math.max(...lists.map((list) => list.length));
  const mixed = Array.from({ length: turns }, (_, i) => lists.map((list) => list[i])).flat();
  return [...new Set(mixed.filter(Boolean))].slice(0, TRIED);
}

function questionsFrom(text) {
  const sentences = [...new Intl.Segmenter("en", { granularity: "sentence" }).segment(text)].map((one) =>
    one.segment.trim(),
  );
  return TURNS.flatMap(([pattern, turn]) =>
    sentences
      .map((sentence) => sentence.match(pattern))
      .filter(Boolean)
      .map((match) => turn(match.groups)),
  );
}

/** "has been" and "The treaty" to "has the treaty been". */
function inverted(verb, subject) {
  const [first, ...others] = verb.split(" ");
  return [first, subject.replace(/^(The|A) /, (article) => article.toLowerCase()), ...others].join(" ");
}

async function answered(questions) {
  const sure = [];
  for (const question of questions) {
    const answer = await ask({ question, generator: "none" });
    if (answer.status !== "not_found" && answer.confidence >= SURE) sure.push(question);
    if (sure.length === SHOWN) break;
  }
  return sure;
}
