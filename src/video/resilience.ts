import { type Clock, systemClock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type GuardLimits, OperationGuard } from "./operationGuard.ts";
import type { BreakerState, Breakers, VideoProvider } from "./port.ts";
import { settledStart, settledStop } from "./settledStart.ts";

/** The operations that reach the provider; signing a token and listening do not. */
export const guardedOperations = [
  "createRoom",
  "startRecording",
  "stopRecording",
  "pauseRecording",
  "resumeRecording",
  "recordingState",
  "deleteRecording",
  "fileLink",
  "removeParticipant",
  "closeRoom",
] as const;

export type GuardedOperation = (typeof guardedOperations)[number];

export interface ResilienceOptions {
  log: Log;
  clock?: Clock;
  /** Uniform in [0, 1); for jitter. */
  random?: () => number;
  /** All attempts and waits of one call together, ms. */
  budgetMs?: number;
  limits?: Partial<Omit<GuardLimits, "budgetMs">>;
  onStateChange?: (changed: BreakerChange) => void;
}

interface BreakerChange {
  service: string;
  operation: GuardedOperation;
  state: BreakerState;
}

/** Breakers are told in the order of `guardedOperations`. */
export type ResilientVideoProvider = VideoProvider & Breakers;

/**
 * Two full attempts and their wait fit the budget. Six calls are two callers' worth of attempts, so that one unlucky
 * meeting cannot open a breaker for all.
 */
const defaults: GuardLimits = {
  budgetMs: 10_000,
  attemptTimeoutMs: 4_500,
  maxAttempts: 3,
  backoffMs: 300,
  maxBackoffMs: 2_000,
  openMs: 30_000,
  breaker: { failureRate: 0.5, windowMs: 60_000, minCalls: 6 },
};

/**
 * The same provider behind time-out, retry and one circuit breaker per operation.
 * A start or stop that failed without a clear answer is never repeated before `recordingState` has been read, so
 * that one recording is never started twice. A start of which nothing could be learnt ends as
 * EXTERNAL_SERVICE_TIMEOUT with `outcome: "unknown"`; STREAM_ERROR from here means that nothing was started.
 */
export function withResilience(
  provider: VideoProvider,
  options: ResilienceOptions,
): ResilientVideoProvider {
  const guards = makeGuards(provider.name, options);
  return {
    name: provider.name,
    capabilities: provider.capabilities,
    token: (grant) => provider.token(grant),
    onPresence: (listener) => provider.onPresence(listener),
    close: () => provider.close(),
    createRoom: (spec, signal) =>
      guards.createRoom.run((attempt) => provider.createRoom(spec, attempt), signal),
    startRecording: (request, signal) => settledStart(provider, guards, request, signal),
    stopRecording: (ref, signal) => settledStop(provider, guards.stopRecording, ref, signal),
    pauseRecording: (ref, signal) =>
      guards.pauseRecording.run((attempt) => provider.pauseRecording(ref, attempt), signal),
    resumeRecording: (ref, signal) =>
      guards.resumeRecording.run((attempt) => provider.resumeRecording(ref, attempt), signal),
    recordingState: (ref, signal) =>
      guards.recordingState.run((attempt) => provider.recordingState(ref, attempt), signal),
    deleteRecording: (ref) => guards.deleteRecording.run(() => provider.deleteRecording(ref)),
    fileLink: (ref, signal) =>
      guards.fileLink.run((attempt) => provider.fileLink(ref, attempt), signal),
    removeParticipant: (room, userId) =>
      guards.removeParticipant.run(() => provider.removeParticipant(room, userId)),
    closeRoom: (room) => guards.closeRoom.run(() => provider.closeRoom(room)),
    breakers: () =>
      guardedOperations.map((operation) => ({
        service: provider.name,
        operation,
        state: guards[operation].state,
        failures: guards[operation].failures,
      })),
    resetBreaker: (operation) => {
      const guarded = guardedOperations.find((name) => name === operation);
      if (guarded) guards[guarded].reset();
    },
  };
}

type Guards = Record<GuardedOperation, OperationGuard>;

function makeGuards(service: string, options: ResilienceOptions): Guards {
  const { log, clock = systemClock, random = Math.random, onStateChange } = options;
  const limits: GuardLimits = {
    ...defaults,
    ...options.limits,
    budgetMs: options.budgetMs ?? defaults.budgetMs,
  };
  const guard = (operation: GuardedOperation) =>
    new OperationGuard({
      service,
      operation,
      limits,
      clock,
      random,
      log,
      onStateChange: (state) => onStateChange?.({ service, operation, state }),
    });
  return {
    createRoom: guard("createRoom"),
    startRecording: guard("startRecording"),
    stopRecording: guard("stopRecording"),
    pauseRecording: guard("pauseRecording"),
    resumeRecording: guard("resumeRecording"),
    recordingState: guard("recordingState"),
    deleteRecording: guard("deleteRecording"),
    fileLink: guard("fileLink"),
    removeParticipant: guard("removeParticipant"),
    closeRoom: guard("closeRoom"),
  };
}
