/** Posts on their way, for any page: written while the server is away, sent when it is back. */

/** A file as `POST /api/files` has answered it. */
export interface UploadedFile {
  id: number;
  name: string;
  [more: string]: unknown;
}

/** A post on its way; `outbox.js` says what its states mean. */
export interface Item {
  readonly key: string;
  readonly channelId: number;
  /** The id of the post that it replies to. */
  readonly parentId: number | null;
  readonly text: string;
  readonly files: UploadedFile[];
  /** When it was written, in milliseconds since 1970, by the clock of this device. */
  readonly at: number;
  readonly state: "waiting" | "sent" | "failed";
  /** Why it failed: that of the server's refusal, or `waited_too_long`; why it waits: `slow_mode`. */
  readonly code?: string;
  /** Why it failed, or waits, for people. */
  readonly detail?: string;
  /** When its turn is in slow mode, in milliseconds since 1970, by the clock of this device. */
  readonly notBefore?: number;
  /** What is wrong in each wrong field. */
  readonly fields?: Record<string, string>;
  /** The id of the post, once it is sent. */
  readonly id?: number;
}

export interface OutboxOptions {
  /** The id of who is signed in. */
  user: number;
  /** Where Homeroom is; by default where this file came from. */
  server?: string | URL;
  /** A bearer token; without it the session's cookie signs in. */
  token?: string;
}

/** Says `changed`, as an event, whenever it does. */
export class Outbox extends EventTarget {
  constructor(options: OutboxOptions);
  /** The items of a channel, or of the replies to one of its posts, oldest first. */
  of(channelId: number, parentId?: number | null): Item[];
  /** What the server has not taken yet, in all channels, in the order in which it is sent. */
  get unsent(): Item[];
  add(channelId: number, parentId: number | null, text: string, files?: UploadedFile[]): void;
  /** Sends what has failed: with its key, so that the server still knows if it has arrived before. */
  retry(item: Item): void;
  discard(item: Item): void;
  /** Takes note of an event: the page shows its post, which may be one of these, from now on. */
  settle(event: { kind: string; tx: string | null; data: unknown }): void;
  /** Takes note of the newest posts of a channel, or replies to one of its posts, as just fetched. */
  settleListed(channelId: number, posts: { id: number }[], parentId?: number | null): void;
  /** Continues with another bearer token of the same user. */
  renew(token: string): void;
  /** Tries at once what waits or hangs: the server has been heard again after a silence. */
  hurry(): void;
  /** Forgets everything and ends: the user signs out. */
  empty(): void;
}
