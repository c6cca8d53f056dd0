/** Who is using the pages. */
export interface Session {
  userId: string;
  name: string;
  /** Bearer token of the function API. */
  token: string;
  /** When the token runs out, epoch ms. */
  expiresAt: number;
}

const storageKey = "connvo.session";

/** Longest delay a timer takes, ms. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * The session of this browser, shared by all its tabs. It is read at once when the pages start, so that nobody who is
 * signed in ever sees the sign-in first.
 */
export class SessionStore {
  readonly #storage: Storage;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #session: Session | undefined;
  #ranOut = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(storage: Storage, now: () => number = Date.now) {
    this.#storage = storage;
    this.#now = now;
    this.#load();
    window.addEventListener("storage", (event) => {
      if (event.key === storageKey || event.key === null) this.#load();
    });
  }

  /** The session that is good now. */
  get current(): Session | undefined {
    return this.#session;
  }

  /** Whether the last session ended by itself, so that this can be said. */
  get ranOut(): boolean {
    return this.#ranOut;
  }

  readonly token = (): string | undefined => this.#session?.token;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  begin(session: Session): void {
    this.#storage.setItem(storageKey, JSON.stringify(session));
    this.#take(session, false);
  }

  /** @param ranOut the server no longer takes the token */
  end({ ranOut = false } = {}): void {
    this.#storage.removeItem(storageKey);
    this.#take(undefined, ranOut);
  }

  #load(): void {
    const stored = parseSession(this.#storage.getItem(storageKey));
    const good = stored !== undefined && stored.expiresAt > this.#now();
    this.#take(good ? stored : undefined, stored !== undefined && !good);
  }

  #take(session: Session | undefined, ranOut: boolean): void {
    clearTimeout(this.#timer);
    this.#session = session;
    this.#ranOut = ranOut;
    if (session !== undefined) {
      const leftMs = Math.min(session.expiresAt - this.#now(), longestTimerMs);
      this.#timer = setTimeout(() => this.#load(), leftMs);
    }
    for (const listener of this.#listeners) listener();
  }
}

function parseSession(text: string | null): Session | undefined {
  if (text === null) return undefined;
  try {
    const { userId, name, token, expiresAt } = JSON.parse(text) as Record<string, unknown>;
    if (typeof userId !== "string" || typeof name !== "string") return undefined;
    if (typeof token !== "string" || typeof expiresAt !== "number") return undefined;
    return { userId, name, token, expiresAt };
  } catch {
    return undefined;
  }
}
