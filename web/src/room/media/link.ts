import type { MediaEnvironment } from "./environment.ts";

/** Why a session is over: the other side ended it, or nothing is heard from it any more. */
export type Loss = "closed" | "silent";

/** The server has answered, but no way to it was found for media. */
export class NoMediaPath extends Error {}

export interface Session {
  close(): void;
}

export interface LinkOptions<S extends Session> {
  /** Opens a session; `lost` is called at most once, when it is over by itself. */
  open(signal: AbortSignal, lost: (why: Loss) => void): Promise<S>;
  /** Whether a failure to open is final. */
  isFinal(error: unknown): boolean;
  onChange(): void;
  /** An open session was lost; false = do not open another. */
  onLost?(why: Loss): boolean;
}

export type LinkState = "stopped" | "opening" | "open" | "waiting" | "refused";

/** The first attempt after a loss is (nearly) immediate; then at most this long from one to the next, ms. */
const longestWaitMs = 8000;
const shortestWaitMs = 500;
/** A session that lived less long does not make up for the failures before it, ms. */
const stableMs = 5000;

/** Keeps one session open until stopped: opens it again after a loss, with growing and scattered waits. */
export class Link<S extends Session> {
  readonly #env: MediaEnvironment;
  readonly #options: LinkOptions<S>;
  #state: LinkState = "stopped";
  #session: S | undefined;
  #error: unknown;
  #attempts = 0;
  #openedAt = 0;
  #troubled = false;
  #abort: AbortController | undefined;
  #cancelWait: (() => void) | undefined;
  #endOnline: (() => void) | undefined;

  constructor(env: MediaEnvironment, options: LinkOptions<S>) {
    this.#env = env;
    this.#options = options;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The open session. */
  get session(): S | undefined {
    return this.#session;
  }

  /** Why opening failed last; undefined once a session is open. */
  get error(): unknown {
    return this.#error;
  }

  /** A session was lost, or could not be opened, and there is none since. */
  get troubled(): boolean {
    return this.#troubled;
  }

  start(): void {
    if (this.#state !== "stopped" && this.#state !== "refused") return;
    this.#attempts = 0;
    this.#endOnline ??= this.#env.onOnline(() => this.retryNow());
    this.#open();
  }

  stop(): void {
    this.#end();
    this.#error = undefined;
    this.#troubled = false;
    this.#rest("stopped");
  }

  /** Ends a wait between attempts. */
  retryNow(): void {
    if (this.#state === "waiting") this.#open();
  }

  /** Gives up the open session and opens another. */
  reopen(): void {
    if (this.#state !== "open") return;
    this.#end();
    this.#open();
  }

  #open(): void {
    this.#cancelWait?.();
    const abort = new AbortController();
    this.#abort = abort;
    this.#become("opening");
    this.#options
      .open(abort.signal, (why) => {
        if (!abort.signal.aborted) this.#lose(why);
      })
      .then(
        (session) => this.#opened(session, abort.signal),
        (error: unknown) => this.#failed(error, abort.signal),
      );
  }

  #opened(session: S, signal: AbortSignal): void {
    if (signal.aborted) {
      session.close();
      return;
    }
    this.#session = session;
    this.#error = undefined;
    this.#openedAt = this.#env.now();
    this.#troubled = false;
    this.#become("open");
  }

  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#error = error;
    this.#troubled = true;
    if (this.#options.isFinal(error)) this.#rest("refused");
    else this.#wait();
  }

  #lose(why: Loss): void {
    if (this.#session !== undefined && this.#env.now() - this.#openedAt > stableMs)
      this.#attempts = 0;
    if (this.#session === undefined && why === "silent") this.#error = new NoMediaPath();
    this.#end();
    this.#troubled = true;
    if (this.#options.onLost?.(why) === false) this.#rest("stopped");
    else this.#wait();
  }

  /** Until it is started again. */
  #rest(state: "stopped" | "refused"): void {
    this.#endOnline?.();
    this.#endOnline = undefined;
    this.#become(state);
  }

  #wait(): void {
    const bound = Math.min(longestWaitMs, shortestWaitMs * 2 ** Math.min(this.#attempts, 10));
    const waitMs = this.#attempts === 0 ? this.#env.random() * 200 : bound * scatter(this.#env);
    this.#attempts += 1;
    this.#cancelWait = this.#env.after(waitMs, () => this.#open());
    this.#become("waiting");
  }

  #end(): void {
    this.#cancelWait?.();
    this.#abort?.abort();
    this.#session?.close();
    this.#session = undefined;
  }

  #become(state: LinkState): void {
    this.#state = state;
    this.#options.onChange();
  }
}

/** Many clients of a server that was away must not come back at the same moment. */
const scatter = (env: MediaEnvironment): number => 0.5 + env.random() / 2;
