import { AppError, isAppError } from "../core/errors.ts";
import { mayHaveHappened } from "./faults.ts";
import type { OperationGuard } from "./operationGuard.ts";
import {
  type ProviderRecording,
  type RecordingRef,
  type RecordingStartRequest,
  stoppedBeforeStart,
  type VideoProvider,
} from "./port.ts";

interface StartGuards {
  startRecording: OperationGuard;
  recordingState: OperationGuard;
}

/**
 * Starts a recording so that it is never started twice: after a failure without a clear answer the provider's state
 * is read, and only `absent` leads to another start.
 * @throws AppError EXTERNAL_SERVICE_TIMEOUT with `outcome: "unknown"` when an earlier attempt may have been carried out
 */
export function settledStart(
  provider: VideoProvider,
  guards: StartGuards,
  request: RecordingStartRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<ProviderRecording> {
  return new SettledStart(provider, guards, request, signal).run();
}

/** Stops a recording; after a failure without a clear answer its state is read before it is stopped again. */
export function settledStop(
  provider: VideoProvider,
  guard: OperationGuard,
  ref: RecordingRef,
  signal?: AbortSignal,
): Promise<ProviderRecording> {
  let unsettled = false;
  return guard.run(async (attempt) => {
    if (unsettled) {
      const state = await provider.recordingState(ref, attempt);
      if (state.status !== "recording" && state.status !== "starting") return state;
    }
    attempt.throwIfAborted();
    unsettled = true;
    return provider.stopRecording(ref, attempt);
  }, signal);
}

/** One start: what is sent, and what is still unknown about it. */
class SettledStart {
  readonly #provider: VideoProvider;
  readonly #guards: StartGuards;
  readonly #request: RecordingStartRequest;
  readonly #signal: AbortSignal;
  /** Whether a start was sent of which the outcome is not known. */
  #unsettled = false;
  /** What an attempt answered after it was given up. */
  #late: ProviderRecording | undefined;
  #sent = 0;

  constructor(
    provider: VideoProvider,
    guards: StartGuards,
    request: RecordingStartRequest,
    signal: AbortSignal,
  ) {
    this.#provider = provider;
    this.#guards = guards;
    this.#request = request;
    this.#signal = signal;
  }

  async run(): Promise<ProviderRecording> {
    const guard = this.#guards.startRecording;
    const deadline = guard.deadline();
    try {
      return await guard.run((attempt) => this.#attempt(attempt), this.#signal, deadline);
    } catch (error) {
      if (!this.#unsettled || this.#signal.aborted) throw error;
      return this.#lastLook(deadline, error);
    }
  }

  async #attempt(signal: AbortSignal): Promise<ProviderRecording> {
    if (this.#unsettled) {
      const state = await this.#provider.recordingState(this.#request, signal);
      signal.throwIfAborted();
      if (state.status !== "absent") return this.#settled(state);
      if (this.#showsAtOnce) this.#unsettled = false;
      await this.#requireWanted();
      signal.throwIfAborted();
    }
    return this.#late ? this.#settled(this.#late) : this.#send(signal);
  }

  /** Whether `absent` proves that nothing was started. */
  get #showsAtOnce(): boolean {
    return this.#provider.capabilities.absentGraceMs === 0;
  }

  /** Of one that nobody wants any more nothing has to be found out: its stop goes on with it. */
  async #requireWanted(): Promise<void> {
    if ((await this.#request.isWanted?.()) !== false) return;
    this.#unsettled = false;
    throw stoppedBeforeStart();
  }

  /** An abandoned attempt may still fail later; only the newest one may say what is known, and only of itself. */
  async #send(signal: AbortSignal): Promise<ProviderRecording> {
    this.#sent += 1;
    const mine = this.#sent;
    const before = this.#unsettled;
    this.#unsettled = true;
    try {
      const state = await this.#provider.startRecording(this.#request, signal);
      if (signal.aborted) this.#late = state;
      return this.#settled(state);
    } catch (error) {
      if (mine === this.#sent && !signal.aborted)
        this.#unsettled = before || mayHaveHappened(error);
      throw error;
    }
  }

  #settled(state: ProviderRecording): ProviderRecording {
    this.#unsettled = false;
    return state;
  }

  /** No attempt is left, but looking once more may still turn "unknown" into an answer. */
  async #lastLook(deadline: number, error: unknown): Promise<ProviderRecording> {
    const state = await this.#guards.recordingState
      .once(
        (attempt) => this.#provider.recordingState(this.#request, attempt),
        this.#signal,
        deadline,
      )
      .catch(() => undefined);
    const known = this.#late ?? state;
    if (known !== undefined && known.status !== "absent") return known;
    throw known && this.#showsAtOnce ? error : this.#unknown(error);
  }

  #unknown(error: unknown): unknown {
    if (!isAppError(error)) return error;
    return new AppError(
      "EXTERNAL_SERVICE_TIMEOUT",
      "The video provider did not confirm in time; the start may still take effect",
      {
        service: this.#provider.name,
        operation: "startRecording",
        timeoutMs: this.#guards.startRecording.budgetMs,
        outcome: "unknown",
      },
      error,
    );
  }
}
