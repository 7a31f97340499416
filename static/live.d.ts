/** Follows the lists of a Homeroom server live; `live.js` shows how. */

/** `live`: connected, and what was missed meanwhile is here. */
export type State = "connecting" | "live" | "offline" | "signed out";

/** The `live` of a list's answer: where to follow it from. */
export interface Cursor {
  epoch: string;
  topics: Record<string, number>;
}

/** What happened in a topic. */
export interface LiveEvent {
  topic: string;
  /** Counts within the topic, without a gap. */
  seq: number;
  /** The noun and what has happened, such as `post.created`. */
  kind: string;
  /** The thing as HTTP shows it after that, without what concerns its reader alone. */
  data: unknown;
  at: string;
  /** The id of who did it. */
  by: number | null;
  /** The id of the request that did it. */
  tx: string | null;
}

/** What somebody else shows for a moment. */
export interface Signal {
  topic: string;
  name: string;
  data: unknown;
  from: { id: number; name: string; connection: string };
}

export interface Person {
  id: number;
  name: string;
  /** The path of a picture. */
  avatar: string | null;
}

export interface Handlers {
  /** What happened, each event once and in order. */
  event?: (event: LiveEvent) => void;
  /**
   * Events are missing and the subscription has ended: fetch the list again and subscribe with its
   * new `live`.
   */
  refetch?: (reason: string, topic: string) => void;
  /** You may no longer read it. */
  revoked?: (topic: string, reason: string) => void;
  signal?: (signal: Signal) => void;
  /** All who follow the topic now, you too, after each change. */
  presence?: (people: Person[], topic: string) => void;
}

export interface Watching {
  /** With each connection: fetch the lists now. */
  watching?: () => void;
  /**
   * The id of the newest post, by group and channel; 0 where only something old has changed.
   */
  newest?: (groups: Record<string, Record<string, number>>) => void;
}

export interface LiveOptions {
  /** Where Homeroom is; by default where this file came from. */
  server?: string | URL;
  /** A bearer token; without it the session's cookie signs in. */
  token?: string;
  /**
   * The id of whose page this is: it is `signed out` when somebody else has signed in in another
   * tab.
   */
  user?: number;
  /** Is told each change of `state`. */
  state?: (state: State) => void;
}

/** Any number of lists, followed over one connection. */
export class Live {
  readonly state: State;
  constructor(options?: LiveOptions);
  /** Connects and stays connected. After `signed out`: sign in, then call it again. */
  connect(token?: string): void;
  /** Disconnects; subscriptions are kept for the next `connect`. */
  close(): void;
  /** Continues with another bearer token of the same user, without a break. */
  renew(token: string): void;
  /**
   * Shows something to the others who follow the topic now ("typing"); best effort, never stored.
   * @param data at most 1 KiB of JSON
   * @returns whether it was sent
   */
  signal(topic: string, name: string, data?: unknown): boolean;
  /**
   * Follows a list from its cursor on.
   * @param list the `live` of its answer
   * @returns `end` stops following
   */
  subscribe(list: Cursor, handlers: Handlers): { end: () => void };
  /**
   * Learns, while connected, where there are new posts by others, in whatever channel.
   * @returns `end` stops watching
   */
  watch(handlers: Watching): { end: () => void };
}
