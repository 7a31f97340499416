/** Asks the API of a Homeroom server; every refusal is a `Problem`. */

/**
 * A refusal of the server, or why there was no answer: then `status` is 0. Its `message` is for
 * people.
 */
export class Problem extends Error {
  readonly status: number;
  /** The same in all versions, such as `not_found`. */
  readonly code: string;
  /** What is wrong in each wrong field. */
  readonly fields: Record<string, string>;
  /** After so many milliseconds it is worth to try again, as far as the server has said so. */
  readonly retryAfterMs: number;
  constructor(
    problem: { status?: number; code?: string; detail?: string; fields?: Record<string, string> },
    retryAfterMs?: number,
  );
  /** Whether the same request may succeed soon. */
  get isPassing(): boolean;
  /** Whether it was not the server that refused, but a proxy or a filter before it. */
  get isOnTheWay(): boolean;
}

/**
 * The problem of an answer that is not the server's, which says `application/problem+json`; null for
 * one that is.
 * @param size how much was sent, for people
 */
export function problemOnTheWay(
  answered: number,
  contentType: string | null,
  size: string,
  retryAfterMs?: number,
): Problem | null;

export interface Who {
  /** A bearer token; without it the session's cookie signs in. */
  token?: string;
  /** The id of who asks; by default the one given to `askAs`. */
  user?: number;
  /** Makes a POST safe to repeat: see `newKey`. */
  key?: string;
}

export interface AskOptions extends Who {
  /** Where Homeroom is; by default where this file came from. */
  server?: string | URL;
  signal?: AbortSignal;
}

/**
 * Says from now on whose page this is. The server then refuses, as `other_account`, whatever would
 * be done in the name of somebody else who has signed in in another tab.
 */
export function askAs(userId: number): void;

/**
 * Says how to go on where the server wants the password again (`password_needed`): `asking()`
 * promises whether it was given (`POST /api/sessions/current/confirmation`), and the request is then
 * repeated.
 */
export function onPasswordNeeded(asking: () => Promise<boolean>): void;

/** The headers that say who asks. */
export function headersOf(who: Who): Record<string, string>;

/**
 * Promises the JSON of one answer, null for 204; `path` is that behind `/api`.
 * @throws {Problem}
 */
export function ask<Answer = unknown>(
  method: string,
  path: string,
  body?: unknown,
  options?: AskOptions,
): Promise<Answer>;

/** Asks again and again while the server is away, for at most `patience` milliseconds. */
export function askPatiently<Answer = unknown>(
  method: string,
  path: string,
  body?: unknown,
  options?: AskOptions & { patience?: number },
): Promise<Answer>;

/**
 * Promises a whole list, page after page, with the cursor of its first page.
 * @param plural what the list is called in its answer, such as `posts`
 * @param options.beside other lists of each page that are wanted whole
 */
export function askForAll<List = unknown>(
  path: string,
  plural: string,
  options?: AskOptions & { patience?: number; most?: number; beside?: string[] },
): Promise<List>;

/** A new `Idempotency-Key`. */
export function newKey(): string;
