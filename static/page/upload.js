/** Uploads a file with its progress, which `fetch` cannot report. */

import { Problem, headersOf, problemOnTheWay } from "../api.js";
import { find } from "./dom.js";
import { sizeOf } from "./format.js";

const AT_ONCE = 2; // the browser has few connections, and other requests need them
const STALLED_MS = 60_000; // without any progress
const MB = 2 ** 20;

let running = 0;
const waiting = [];

/** Promises the JSON of the answer; `progress` is told the share that was sent, `signal` aborts. */
export async function upload(method, path, file, options = {}) {
  refuseTooLarge(file);
  if (running < AT_ONCE) running++;
  else await new Promise((resolve) => waiting.push(resolve));
  try {
    return await send(method, path, file, options);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

function send(method, path, file, { key, signal, progress }) {
  signal?.throwIfAborted();
  const request = new XMLHttpRequest();
  request.open(method, `/api${path}`);
  request.responseType = "json";
  for (const [name, value] of Object.entries(headersOf({ key }))) {
    request.setRequestHeader(name, value);
  }
  const form = new FormData();
  form.append("file", file);
  const ended = new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => {
      watch();
      progress?.(loaded / total);
    };
    request.onload = () => {
      const { status, response } = request;
      if (status >= 300) reject(problemOf(request, file));
      else if (response) resolve(response);
      else reject(unreachable()); // the page of somebody who wants to be paid or asked first
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(signal?.aborted ? signal.reason : unreachable());
    request.onloadend = () => clearTimeout(stalled);
  });
  let stalled = 0;
  const watch = () => {
    clearTimeout(stalled);
    stalled = setTimeout(() => request.abort(), STALLED_MS);
  };
  signal?.addEventListener("abort", () => request.abort());
  watch();
  request.send(form);
  return ended;
}

function problemOf(request, file) {
  const { status, response } = request;
  const contentType = request.getResponseHeader("Content-Type");
  const onTheWay = problemOnTheWay(status, contentType, sizeOf(file.size));
  if (onTheWay) return onTheWay;
  const { fields: { file: ofFile, ...fields } = {}, ...sent } = response ?? {};
  const tooLarge = status === 413 && sentenceOfTooLarge();
  const detail = (ofFile ?? (tooLarge || sent.detail)) || `The server answered ${status}.`;
  return new Problem({ ...sent, fields, status, detail });
}

function unreachable() {
  const detail = "No connection: files can only be sent online.";
  return new Problem({ status: 0, code: "unreachable", detail });
}

/** Refuses a file before it is sent in vain. */
function refuseTooLarge({ size }) {
  if (size > maxBytes()) throw new Problem({ status: 413, detail: sentenceOfTooLarge() });
}

function sentenceOfTooLarge() {
  return `It is larger than ${maxBytes() / MB} MB.`;
}

function maxBytes() {
  return Number(find("[data-max-file-bytes]").dataset.maxFileBytes);
}
