import { type ChildProcess, fork } from "node:child_process";
import type { Log } from "../core/log.ts";
import type {
  Embedder,
  EmbedOptions,
  Near,
  NearestRequest,
  VectorScan,
  VectorSet,
} from "./port.ts";
import { keptNumbers, type VectorAnswer, type VectorRequest } from "./protocol.ts";

export interface VectorProcessOptions {
  /** The built `vectorProcess.js`. */
  entry: string;
  log: Log;
  /** The child's environment; ours unless given. */
  env?: NodeJS.ProcessEnv;
  /** A child that is asked nothing for so long is ended: model and vectors take memory, ms. */
  idleMs?: number;
  /** A child that owes an answer for so long is killed, ms. */
  hungAfterMs?: number;
}

const defaultIdleMs = 300_000;
const defaultHungAfterMs = 60_000;
/** Requests that wait for an answer: whoever comes then is told that it is busy. */
const mostWaiting = 200;

interface Waiting {
  resolve(answer: VectorAnswer): void;
  reject(reason: Error): void;
}

/** `Omit` of each member of a union. */
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
type Question = WithoutId<Exclude<VectorRequest, { type: "keep" }>>;

/** The child process that computes embeddings and compares vectors; it is there while it is asked something. */
export class VectorProcess implements Embedder, VectorScan {
  readonly model = "universal-sentence-encoder-lite";
  readonly version = "0.2.0";
  readonly provider = "embedded";
  readonly capacity = keptNumbers;
  readonly #options: VectorProcessOptions;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  constructor(options: VectorProcessOptions) {
    this.#options = options;
  }

  async embed(texts: readonly string[], { urgent, signal }: EmbedOptions): Promise<Float32Array[]> {
    const answer = await this.#ask({ type: "embed", texts, urgent }, signal);
    if (answer.type !== "embedded") throw new Error("the vector process answered something else");
    return answer.vectors;
  }

  async nearest(
    request: NearestRequest,
    signal: AbortSignal,
  ): Promise<{ near: Near[]; missing: string[] }> {
    const answer = await this.#ask({ type: "nearest", ...request }, signal);
    if (answer.type !== "nearest") throw new Error("the vector process answered something else");
    return { near: answer.near, missing: answer.missing };
  }

  keep(set: VectorSet): void {
    this.#send({ type: "keep", set });
  }

  /** Ends the process. */
  close(): void {
    this.#fail(new Error("the server stops"));
    this.#end();
  }

  async #ask(question: Question, signal: AbortSignal): Promise<VectorAnswer> {
    signal.throwIfAborted();
    if (this.#waiting.size >= mostWaiting) throw new Error("the vector process is busy");
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = withResolvers<VectorAnswer>();
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    this.#waiting.set(id, { resolve, reject });
    try {
      this.#send({ ...question, id } as VectorRequest);
      return await promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#waiting.delete(id);
    }
  }

  #send(request: VectorRequest): void {
    this.#child ??= this.#start();
    this.#watch();
    this.#child.send(request, () => undefined);
  }

  #start(): ChildProcess {
    const { entry, env } = this.#options;
    const child = fork(entry, [], {
      ...{ stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [], serialization: "advanced" },
      ...(env ? { env } : {}),
    });
    let lastWords = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      lastWords = (lastWords + text).slice(-500);
    });
    child.on("message", (answer: VectorAnswer) => this.#told(answer));
    child.on("error", (error) => this.#died(child, error.message));
    child.once("close", (code, signal) =>
      this.#died(child, `${signal ?? `exit code ${code}`}: ${lastWords.trim()}`),
    );
    return child;
  }

  /** Begins anew with every request and answer. */
  #watch(): void {
    clearTimeout(this.#timer);
    const { idleMs = defaultIdleMs, hungAfterMs = defaultHungAfterMs } = this.#options;
    this.#timer =
      this.#waiting.size > 0
        ? setTimeout(() => this.#child?.kill("SIGKILL"), hungAfterMs)
        : setTimeout(() => this.#end(), idleMs);
    this.#timer.unref();
  }

  #end(): void {
    clearTimeout(this.#timer);
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }

  #died(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    clearTimeout(this.#timer);
    this.#child = undefined;
    this.#options.log.warn({ why }, "the vector process died; the next request starts another");
    this.#fail(new Error(`the vector process died (${why})`));
  }

  #fail(reason: Error): void {
    for (const { reject } of this.#waiting.values()) reject(reason);
  }

  #told(answer: VectorAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    this.#watch();
    if (answer.type === "failed") waiting?.reject(new Error(answer.reason));
    else waiting?.resolve(answer);
  }
}

/** `Promise.withResolvers` is not in Node 20. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
