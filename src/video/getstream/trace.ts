import { TypeID } from "typeid-js";
import type { RecordingRef } from "../port.ts";
import { callType } from "./ids.ts";

/** What is known of one recording's life at Stream, which itself has no id for it. Times are epoch ms. */
export interface Trace {
  callId: string;
  /** When the recording was asked for; what Stream recorded after that in this call is ours. */
  requestedAt: number;
  sessionId?: string;
  /** Stream answered the start with "accepted". */
  acceptedAt?: number;
  /** First seen running. */
  runningAt?: number;
  stopRequestedAt?: number;
  /** It ran already when it was asked for. */
  takenOver?: boolean;
  /** Stream has accepted the stop. */
  stopAcceptedAt?: number;
  /** First seen neither running nor listed. */
  idleAt?: number;
  /** A start was sent and never answered. */
  unconfirmed?: boolean;
  /** The finished file, once it is known to be this recording's. */
  file?: string;
}

const times = ["acceptedAt", "runningAt", "stopRequestedAt", "stopAcceptedAt", "idleAt"] as const;
/** More recordings than one process ever has open. */
const capacity = 1_000;

/**
 * What this process has seen of recordings. It bridges the seconds in which Stream does not show yet what it has
 * accepted, and is never the only copy: `providerRef` carries the same across restarts.
 */
export class Traces {
  readonly #traces = new Map<string, Trace>();

  /** What is known of this recording, from here, from its reference, or at least from its id. */
  of(ref: RecordingRef, now: number): Trace {
    const seen = this.#traces.get(ref.recordingId);
    const told = decode(ref);
    const { stopRequestedAt, stoppedAt, file } = ref;
    return {
      requestedAt: idTime(ref.recordingId) ?? now,
      // When it was seen ended is told better by the reference: a recording may be asked to end before it begins.
      ...(stoppedAt === undefined ? {} : { idleAt: stoppedAt }),
      ...told,
      ...(stopRequestedAt === undefined ? {} : { stopRequestedAt }),
      ...seen,
      ...(file === undefined ? {} : { file }),
      callId: ref.roomId,
    };
  }

  keep(recordingId: string, trace: Trace): void {
    this.#traces.delete(recordingId);
    this.#traces.set(recordingId, trace);
    const [oldest] = this.#traces.keys();
    if (this.#traces.size > capacity && oldest !== undefined) this.#traces.delete(oldest);
  }

  forget(recordingId: string): void {
    this.#traces.delete(recordingId);
  }
}

/** The reference stored with a recording. */
export function encode(trace: Trace): Record<string, string> {
  const ref: Record<string, string> = {
    callType,
    callId: trace.callId,
    ...(trace.sessionId === undefined ? {} : { sessionId: trace.sessionId }),
    requestedAt: String(trace.requestedAt),
    ...(trace.takenOver ? { takenOver: "true" } : {}),
  };
  for (const key of times) {
    const at = trace[key];
    if (at !== undefined) ref[key] = String(at);
  }
  return ref;
}

function decode({ providerRef = {} }: RecordingRef): Partial<Trace> {
  const { sessionId, takenOver } = providerRef;
  const told: Partial<Trace> = {
    ...(sessionId ? { sessionId } : {}),
    ...(takenOver === "true" ? { takenOver: true } : {}),
  };
  for (const key of ["requestedAt", ...times] as const) {
    const at = Number(providerRef[key] ?? Number.NaN);
    if (Number.isFinite(at)) told[key] = at;
  }
  return told;
}

/** Our ids carry the moment they were made, which is just before the provider is asked. */
function idTime(recordingId: string): number | undefined {
  try {
    const hex = TypeID.fromString(recordingId).toUUID().replaceAll("-", "").slice(0, 12);
    return Number.parseInt(hex, 16);
  } catch {
    return undefined;
  }
}
