import { type ChildProcess, fork } from "node:child_process";
import type { Log } from "../../core/log.ts";
import type { SpeechEngine } from "./port.ts";
import {
  type Heard,
  parentEngineArgument,
  type RecordingToHear,
  type SpeechAnswer,
  type SpeechMessage,
  type SpeechRequest,
  type UnheardTrack,
} from "./protocol.ts";

export interface TranscriberOptions {
  /** The built `speechProcess.js`. */
  entry: string;
  log: Log;
  /** The child's environment; ours unless given. */
  env?: NodeJS.ProcessEnv;
  /** Understands what the child finds; the bundled engine in the child unless given. */
  engine?: SpeechEngine | undefined;
  /** A child that says nothing for so long is killed, ms; the lowest priority may stand still for minutes. */
  hungAfterMs?: number;
}

const defaultHungAfterMs = 600_000;

interface Listening {
  onHeard: (heard: Heard) => Promise<void>;
  /** What was heard is taken in its order. */
  last: Promise<void>;
  resolve(unheard: UnheardTrack[]): void;
  reject(reason: Error): void;
}

/** Speech is recognised in one child process, which is there while something is listened to: the model takes memory. */
export class Transcriber {
  readonly #options: TranscriberOptions;
  readonly #listening = new Map<string, Listening>();
  #child: ChildProcess | undefined;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(options: TranscriberOptions) {
    this.#options = options;
  }

  /**
   * Listens to a recording until its capture is sealed and all of it was heard, or until the signal. `onHeard` is called in order, one after
   * another; when it throws, nothing more is heard.
   * @returns tracks that could not be heard
   * @throws what `onHeard` throws, or Error when the process dies or the recording cannot be read; it can be listened to again from
   * where it was heard last
   */
  async listen(
    recording: RecordingToHear,
    onHeard: (heard: Heard) => Promise<void>,
    signal: AbortSignal,
  ): Promise<UnheardTrack[]> {
    const { recordingId } = recording;
    if (signal.aborted) return [];
    const over = new Promise<UnheardTrack[]>((resolve, reject) => {
      this.#listening.set(recordingId, { onHeard, last: Promise.resolve(), resolve, reject });
    });
    const stop = () => this.#listening.get(recordingId)?.resolve([]);
    signal.addEventListener("abort", stop, { once: true });
    this.#send({ type: "listen", ...recording });
    try {
      return await over;
    } finally {
      signal.removeEventListener("abort", stop);
      const { last } = this.#listening.get(recordingId) ?? {};
      this.#listening.delete(recordingId);
      this.#send({ type: "forget", recordingId });
      if (this.#listening.size === 0) this.#end();
      await last?.catch(() => undefined);
    }
  }

  /** Ends the process. */
  close(): void {
    for (const { resolve } of this.#listening.values()) resolve([]);
    this.#end();
  }

  #send(request: SpeechRequest): void {
    if (request.type === "listen") this.#child ??= this.#start();
    this.#child?.send(request, () => undefined);
  }

  #start(): ChildProcess {
    const { entry, env, engine } = this.#options;
    const child = fork(entry, engine ? [parentEngineArgument] : [], {
      ...{ stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [] },
      ...(env ? { env } : {}),
    });
    const gone = new AbortController();
    let lastWords = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      lastWords = (lastWords + text).slice(-500);
    });
    child.on("message", (message: SpeechMessage) => {
      if (this.#child === child) this.#watch(child);
      if (message.type === "understand") void this.#understand(message, child, gone.signal);
      else this.#told(message);
    });
    child.on("error", (error) => this.#died(child, error.message));
    child.once("close", (code, signal) => {
      gone.abort();
      this.#died(child, `${signal ?? `exit code ${code}`}: ${lastWords.trim()}`);
    });
    this.#watch(child);
    return child;
  }

  #watch(child: ChildProcess): void {
    clearTimeout(this.#watchdog);
    const { hungAfterMs = defaultHungAfterMs } = this.#options;
    this.#watchdog = setTimeout(() => child.kill("SIGKILL"), hungAfterMs);
  }

  #end(): void {
    clearTimeout(this.#watchdog);
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }

  #died(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    clearTimeout(this.#watchdog);
    this.#child = undefined;
    this.#options.log.warn({ why }, "the speech process died; what was not heard is heard again");
    for (const { reject } of this.#listening.values())
      reject(new Error(`the speech process died (${why})`));
  }

  async #understand(
    { id, sound }: SpeechMessage & { type: "understand" },
    child: ChildProcess,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine } = this.#options;
    let answer: SpeechAnswer;
    try {
      if (!engine) throw new Error("there is no speech engine");
      const understood = await engine.understand(Buffer.from(sound, "base64"), signal);
      answer = { type: "answer", id, understood };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      answer = { type: "answer", id, error: reason };
    }
    child.send(answer, () => undefined);
  }

  #told(message: Exclude<SpeechMessage, { type: "understand" }>): void {
    if (message.type === "alive") return;
    const one = this.#listening.get(message.recordingId);
    if (!one) return;
    if (message.type === "failed") one.reject(new Error(message.reason));
    else if (message.type === "finished")
      one.last.then(() => one.resolve(message.unheard), one.reject);
    else {
      const { type: _, ...heard } = message;
      one.last = one.last.then(() => one.onHeard(heard));
      one.last.catch(one.reject);
    }
  }
}
