/** Asks the API; every refusal is a `Problem`, also that of something on the way to it. */

const [UNREACHABLE, AWAY] = [0, 503];
const PASSING = [UNREACHABLE, 429, 502, AWAY, 504]; // the same request may succeed soon
const ON_THE_WAY = "refused_on_the_way";
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 8_000;
const PATIENCE_MS = 20_000;
const ANSWER_WITHIN_MS = 20_000; // a network that has frozen never says that it lost a request

/**
 * A refusal of the server (`status`, `code`, `fields`), or why there was no answer. Its `message` is
 * for people: what is wrong with each field, or else the server's `detail`.
 */
export class Problem extends Error {
  constructor({ status, code, detail, fields = {} }, retryAfterMs = 0) {
    const wrong = Object.entries(fields).map(([name, said]) => `${name}: ${said}`);
    super(wrong.join(" ") || detail);
    Object.assign(this, { status, code, fields, retryAfterMs });
  }

  get isPassing() {
    return PASSING.includes(this.status);
  }

  /** Whether it was not the server that refused, but a proxy or a filter before it. */
  get isOnTheWay() {
    return this.code === ON_THE_WAY;
  }
}

/**
 * The problem of an answer that is not the server's, which says `application/problem+json`; null for
 * one that is. `size` says how much was sent. What a proxy says when the server behind it is away,
 * some of them 404, has the `status` 503.
 */
export function problemOnTheWay(answered, contentType, size, retryAfterMs) {
  if (contentType?.startsWith("application/problem+json")) return null;
  const who = "Something between this device and the server, such as a proxy,";
  const isAway = answered === 404 || answered >= 500;
  const did = isAway
    ? `answers in its place (${answered}). The server may be away.`
    : answered === 413
      ? `does not let ${size} through (413). Whoever runs it can allow more.`
      : `has refused this (${answered}).`;
  const status = isAway ? AWAY : answered;
  return new Problem({ status, code: ON_THE_WAY, detail: `${who} ${did}` }, retryAfterMs);
}

let owner; // the id of the user whose page this is

/**
 * Says from now on whose page this is. The server then refuses, as `other_account`, whatever would
 * be done in the name of somebody else who has signed in in another tab.
 */
export function askAs(userId) {
  owner = userId;
}

let confirm = async () => false;

/**
 * Says how to go on where the server wants the password again (`password_needed`): `asking()`
 * promises whether it was given, and the request is then repeated.
 */
export function onPasswordNeeded(asking) {
  confirm = asking;
}

/** The headers that say who asks; `key` makes a POST safe to repeat. */
export function headersOf({ token, user = owner, key }) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (user) headers["Homeroom-User"] = user;
  if (key) Object.assign(headers, { "Idempotency-Key": key, "X-Request-Id": key });
  return headers;
}

/**
 * Promises the JSON of one answer; `key` makes a POST safe to repeat.
 * @param {string|URL} [options.server] where Homeroom is; by default where this file came from
 * @param {string} [options.token] a bearer token; without it the session's cookie signs in
 * @param {number} [options.user] the id of who asks; by default the one given to `askAs`
 */
export async function ask(method, path, body, options = {}) {
  const { signal, token, server = import.meta.url } = options;
  const headers = headersOf(options);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const credentials = token ? "omit" : "include";
  let response, refusal;
  try {
    const url = new URL(`/api${path}`, server);
    response = await fetch(url, { method, headers, body: text, signal, credentials });
    if (response.ok) return response.status === 204 ? null : await response.json();
    refusal = await response.text(); // a connection may break in the middle of it
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const detail = "The server cannot be reached right now.";
    throw new Problem({ status: UNREACHABLE, code: "unreachable", detail });
  }
  const { status, headers: told } = response;
  const retryAfterMs = 1000 * (Number(told.get("Retry-After")) || 0);
  const size = `${Math.ceil(new Blob([text ?? ""]).size / 1024)} kB`;
  const onTheWay = problemOnTheWay(status, told.get("Content-Type"), size, retryAfterMs);
  if (onTheWay) throw onTheWay;
  const sent = parsed(refusal);
  if (sent.code === "password_needed" && (await confirm())) return ask(method, path, body, options);
  const detail = sent.detail ?? `The server answered ${status}.`;
  throw new Problem({ ...sent, status, detail }, retryAfterMs);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Asks again and again while the server is away, for at most `patience` milliseconds. */
export async function askPatiently(method, path, body, { patience = PATIENCE_MS, ...rest } = {}) {
  const until = Date.now() + patience;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    try {
      return await ask(method, path, body, { ...rest, signal: within(ANSWER_WITHIN_MS, rest.signal) });
    } catch (error) {
      rest.signal?.throwIfAborted();
      if (!error.isPassing || Date.now() > until) throw error;
      await delay(Math.max(error.retryAfterMs, pause * (0.5 + Math.random() / 2)), rest.signal);
    }
  }
}

/**
 * Promises a whole list, page after page, with the cursor of its first page.
 * @param {string} plural what the things are called in each page
 * @param {string[]} [options.beside] other lists of each page that are wanted whole
 */
export async function askForAll(path, plural, { most = 1000, beside = [], ...options } = {}) {
  const found = Object.fromEntries([plural, ...beside].map((name) => [name, []]));
  let first = null;
  let next = `${path}?limit=100`;
  while (next && found[plural].length < most) {
    const page = await askPatiently("GET", next, undefined, options);
    first ??= page;
    for (const name of Object.keys(found)) found[name].push(...(page[name] ?? []));
    next = page.next && `${path}?limit=100&after=${encodeURIComponent(page.next)}`;
  }
  return { ...first, ...found };
}

/** A new `Idempotency-Key`. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** A signal that ends with the given one, or after some time as if nobody could be reached. */
function within(ms, signal) {
  const ending = new AbortController();
  const end = () => ending.abort(signal.reason);
  if (signal?.aborted) end();
  signal?.addEventListener("abort", end);
  setTimeout(() => ending.abort(new DOMException("It takes too long.", "TimeoutError")), ms);
  return ending.signal;
}

function delay(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
