/* Words for the numbers and dates of the wire contract, and its offsets in JavaScript's strings. */

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/**
 * The contract counts Unicode code points; JavaScript's strings count UTF-16 units, of which a
 * character beyond U+FFFF (an emoji) takes two. Returns the index of each offset, in one pass.
 */
export function utf16Indexes(text, offsets) {
  const order = offsets.map((offset, place) => [offset, place]).sort((a, b) => a[0] - b[0]);
  const indexes = new Array(offsets.length);
  let index = 0;
  let points = 0;
  for (const [offset, place] of order) {
    while (points < offset && index < text.length) {
      index += text.codePointAt(index) > 0xffff ? 2 : 1;
      points += 1;
    }
    indexes[place] = index;
  }
  return indexes;
}

/** The number of code points in the first `index` UTF-16 units. */
export function codePoints(text, index) {
  return [...text.slice(0, index)].length;
}

/**
 * `text` cut at the spans, which nest or are apart: [{start, end, name}] in code points, to
 * [{text, names}] in order. `names` are those of the spans that a piece lies in.
 */
export function pieces(text, spans) {
  const flat = utf16Indexes(
    text,
    spans.flatMap((span) => [span.start, span.end]),
  );
  const placed = spans.map((span, i) => ({ name: span.name, start: flat[2 * i], end: flat[2 * i + 1] }));
  const cuts = [...new Set([0, text.length, ...flat])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, i) => ({
    text: text.slice(cuts[i], end),
    names: placed.filter((span) => span.start <= cuts[i] && end <= span.end).map((span) => span.name),
  }));
}

/** "2019-12" to "December 2019"; "2019-12-20" to "20 December 2019"; no date to null. */
export function dateWords(published) {
  if (!published) return null;
  const [year, month, day] = published.split("-");
  const name = MONTHS[Number(month) - 1];
  if (!name) return year;
  return day ? `${Number(day)} ${name} ${year}` : `${name} ${year}`;
}

/** How sure, in words. `confidence` is the probability that the documents answer the question. */
export function confidenceWords(confidence) {
  if (confidence >= 0.9) return "High confidence";
  if (confidence >= 0.7) return "Fair confidence";
  return "Low confidence";
}

/** The number behind the words. */
export function confidenceNumber(confidence) {
  const percent =
    confidence >= 0.995 ? "more than 99" : confidence < 0.01 ? "less than 1" : Math.round(confidence * 100);
  return `The documents answer this question with a probability of ${percent} %`;
}

/** "1 passage", "3 passages". */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The link that opens one citation. */
export function citationLink(citation) {
  const place = new URLSearchParams({ doc: citation.document_id, start: citation.start, end: citation.end });
  if (citation.revision) place.set("rev", citation.revision.slice(0, 16));
  return `${location.origin}${location.pathname}#${place}`;
}

/** What a link's fragment points at: a citation, a document as a whole, or null. */
export function linkedCitation(fragment) {
  const place = new URLSearchParams(fragment.replace(/^#/, ""));
  const [start, end] = [Number(place.get("start")), Number(place.get("end"))];
  if (!place.get("doc")) return null;
  if (!place.get("end") || !Number.isInteger(start) || !Number.isInteger(end))
    return { document_id: place.get("doc") };
  return { document_id: place.get("doc"), start, end, revision: place.get("rev") ?? "" };
}

/** An answer as plain text with its sources, for the clipboard. */
export function answerText(answer) {
  const sources = answer.citations.map((one) => {
    const date = dateWords(one.published) ?? "no date";
    const page = one.page ? `, page ${one.page}` : "";
    const place = `${one.uri}${page}, characters ${one.start}–${one.end}`;
    return `[${one.number}] “${one.quote}” — ${one.title}, ${date} (${place})\n${citationLink(one)}`;
  });
  const head = `${answer.question}\n\n${answer.answer}`;
  return sources.length ? `${head}\n\nSources\n${sources.join("\n")}\n` : `${head}\n`;
}
