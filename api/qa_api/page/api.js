/* The service's routes. Whatever goes wrong comes out as a Problem that can be shown. */

import { authorisation, currentKey, hasOtherKey } from "./key.js";

/** What went wrong and what to do: `title` and `detail` for people, `kind` for the page. */
export class Problem extends Error {
  constructor({ kind, title, detail, status = 0, retryAfter = null }) {
    super(title);
    Object.assign(this, { kind, title, detail, status, retryAfter });
  }
}

/** What to say of anything thrown here. */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  return new Problem({ kind: "page", title: "Something went wrong on this page", detail: String(error) });
}

const unreachable = () =>
  new Problem({
    kind: "unreachable",
    title: "The service cannot be reached",
    detail: "Check that it is running (qa serve) and that you are connected, then try again.",
  });

const broken = () =>
  new Problem({
    kind: "unreachable",
    title: "The connection ended before the answer did",
    detail: "The service may have been stopped. Try again.",
  });

const foreign = () =>
  new Problem({
    kind: "foreign",
    title: "What answered is not this service",
    detail: "Check the address; a sign-in page or a proxy may stand between. Then try again.",
  });

const unreadable = (file) =>
  new Problem({
    kind: "file",
    title: "The file cannot be read",
    detail: `The browser cannot read ${file.name}: it is a folder, or was moved or changed. Choose it again.`,
  });

// Relative, so that the page also works behind a path prefix.
const address = (path) => new URL(path, document.baseURI);

const documentPath = (id) => `v1/documents/${id.split("/").map(encodeURIComponent).join("/")}`;

function fromBody(status, body, retryAfter = null) {
  // The service tells programs how to send a key; people are asked for one here.
  if (status === 401)
    return new Problem({
      kind: "key",
      title: "A key is needed",
      detail: "Try again and give a key of this service.",
      status,
    });
  const wait = retryAfter ? ` Try again in ${retryAfter} seconds.` : "";
  return new Problem({
    kind: "service",
    title: body?.title ?? `The service answered with an error (${status})`,
    detail: (body?.detail ?? "Try again; if it stays so, look at the service's log.") + wait,
    status,
    retryAfter,
  });
}

/** The body of a good response. */
async function json(response) {
  try {
    return await response.json();
  } catch (error) {
    throw error instanceof SyntaxError ? foreign() : error.name === "AbortError" ? error : broken();
  }
}

async function problemOf(response) {
  const body = await response.json().catch(() => null);
  return fromBody(response.status, body, response.headers.get("Retry-After"));
}

async function request(path, options = {}) {
  const key = currentKey();
  let response;
  try {
    response = await fetch(address(path), {
      ...options,
      headers: { ...options.headers, ...authorisation() },
    });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  if (response.ok) return response;
  if (response.status === 401 && (await hasOtherKey(key))) return request(path, options);
  throw await problemOf(response);
}

function post(path, body, signal) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
}

/** Server-sent events of a response: yields {event, data}. Comments and other fields are skipped. */
async function* serverSentEvents(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    // A CR at the end may be half of a CRLF, whose other half would look like a blank line.
    buffer += value;
    const whole = buffer.endsWith("\r") ? buffer.slice(0, -1) : buffer;
    const blocks = whole.replace(/\r\n?/g, "\n").split("\n\n");
    buffer = blocks.pop() + buffer.slice(whole.length);
    for (const block of blocks) {
      const lines = block
        .split("\n")
        .map((line) => line.match(/^(event|data):\s?(.*)$/))
        .filter(Boolean);
      const field = (name) => lines.filter((line) => line[1] === name).map((line) => line[2]);
      const data = field("data").join("\n");
      if (data) yield { event: field("event")[0] ?? "message", data: JSON.parse(data) };
    }
  }
}

/**
 * Ask and hear as it comes: `onEvidence({evidence, standalone_question})`, `onClaim(claim)`. Resolves to
 * the answer.
 */
export async function askStream(body, { onEvidence, onClaim, signal }) {
  const response = await post("v1/ask/stream", body, signal);
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) throw foreign();
  try {
    for await (const { event, data } of serverSentEvents(response)) {
      if (event === "evidence") onEvidence(data);
      else if (event === "claim") onClaim(data);
      else if (event === "answer") return data;
      else if (event === "error") throw fromBody(data.status ?? 500, data);
    }
  } catch (error) {
    throw error instanceof Problem || error.name === "AbortError" ? error : broken();
  }
  throw broken();
}

/** One answer, not streamed. */
export async function ask(body) {
  return json(await post("v1/ask", body));
}

/** The passages that fit best. */
export async function search(query, k) {
  return (await json(await post("v1/search", { query, k }))).passages;
}

/** The service's description of its routes, as OpenAPI has it. */
export async function describeRoutes() {
  return json(await request("openapi.json"));
}

/** All documents, without their texts. */
export async function listDocuments() {
  return json(await request("v1/documents"));
}

/** One document with its text. */
export async function readDocument(id) {
  return json(await request(documentPath(id)));
}

/** Remove a document. */
export async function deleteDocument(id) {
  await request(documentPath(id), { method: "DELETE" });
}

/** Say whether an answer was good. */
export async function sendFeedback(answer, verdict, history) {
  await post("v1/feedback", { ...answer, verdict, history });
}

/**
 * Send a document, with its metadata file where there is one; `onProgress` hears the sent part, 0 to 1
 * (fetch cannot tell it). Resolves to the result for each file.
 */
export async function uploadFiles(files, onProgress) {
  const form = new FormData();
  for (const file of files) {
    await checkReadable(file);
    form.append("files", file);
  }
  let key = currentKey();
  let xhr = await sendForm("v1/documents", form, onProgress);
  while (xhr.status === 401 && (await hasOtherKey(key))) {
    key = currentKey();
    xhr = await sendForm("v1/documents", form, onProgress);
  }
  const body = bodyOf(xhr);
  if (xhr.status >= 400) throw fromBody(xhr.status, body, xhr.getResponseHeader("Retry-After"));
  if (!Array.isArray(body?.results) || body.results.length === 0) throw foreign();
  return body.results;
}

/** Begin to read a file: once it is being sent, one that is gone looks like a service that is away. */
async function checkReadable(file) {
  const reader = file.stream().getReader();
  try {
    await reader.read();
    await reader.cancel();
  } catch {
    throw unreadable(file);
  }
}

function sendForm(path, form, onProgress) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", address(path));
    for (const [name, value] of Object.entries(authorisation())) xhr.setRequestHeader(name, value);
    xhr.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    for (const failure of ["error", "abort", "timeout"])
      xhr.addEventListener(failure, () => reject(unreachable()));
    xhr.addEventListener("load", () => resolve(xhr));
    xhr.send(form);
  });
}

function bodyOf(xhr) {
  try {
    return JSON.parse(xhr.responseText);
  } catch {
    return null;
  }
}
