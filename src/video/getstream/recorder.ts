import type { CallRecording, StreamCall } from "@stream-io/node-sdk";
import type { Clock } from "../../core/clock.ts";
import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { mayHaveHappened } from "../faults.ts";
import type { ProviderRecording, RecordingRef, RecordingStartRequest } from "../port.ts";
import { type StreamApi, unlessAborted } from "./api.ts";
import { CallReader } from "./callReader.ts";
import { type CallState, readCall } from "./callState.ts";
import { isAnswer, service } from "./errors.ts";
import { pathSegment } from "./ids.ts";
import { recordingSettings, settingsApplied } from "./settings.ts";
import { encode, type Trace, Traces } from "./trace.ts";
import { Turns } from "./turns.ts";
import {
  type Circumstances,
  fileOf,
  judge,
  retentionMs,
  runsNow,
  startGraceMs,
} from "./verdict.ts";

/** A capture that began and ended unseen takes longer than this, ms. */
const unseenMs = 15_000;
/** An accepted stop that shows nothing is sent again after this, ms. */
const stopAgainMs = 15_000;
const composite = { recording_type: "composite" };

interface Reading {
  operation: string;
  signal?: AbortSignal | undefined;
}

/** Composite recordings of calls. Stream gives them no id; `Trace` is what we recognise one by. */
export class StreamRecorder {
  readonly #api: StreamApi;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #traces = new Traces();
  readonly #turns = new Turns();
  readonly #reader: CallReader;

  constructor(api: StreamApi, clock: Clock, log: Log) {
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
    this.#reader = new CallReader(api, clock);
  }

  /**
   * Settings belong to the call, not to a start: they are written, then the recording is started, one start at a
   * time for each call. Stream's answer only says "accepted", so this answers `starting`.
   */
  start(request: RecordingStartRequest, signal?: AbortSignal): Promise<ProviderRecording> {
    const call = this.#api.call(request.roomId);
    return this.#turns.take(request.roomId, () => this.#start(call, request, signal));
  }

  /** What Stream shows of the recording: one read, shared with others asked for at the same time, and one of its files once it has ended. */
  async state(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording> {
    const call = this.#api.call(ref.roomId);
    const lookedAt = this.#clock.now();
    const seen = await unlessAborted(this.#reader.read(ref.roomId), signal);
    const context = { operation: "recordingState", signal };
    return (await this.#judge(call, ref, context, { seen, lookedAt })).answer;
  }

  /** Stream refuses to stop what does not run; that is no failure here. */
  async stop(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording> {
    const call = this.#api.call(ref.roomId);
    const context = { operation: "stopRecording", signal };
    const before = await this.#fetchState(call, ref, context);
    if (!mayRun(before.answer) || this.#isStopping(ref)) return before.answer;
    try {
      await this.#api.request({ ...context, endpoint: "StopRecording", changes: true }, () =>
        call.stopRecording(composite),
      );
    } catch (error) {
      return this.#afterRefusedStop(call, ref, context, error);
    }
    return this.#stopping(ref);
  }

  /** Deletes the finished file. @returns false while Stream may still make one */
  async remove(ref: RecordingRef): Promise<boolean> {
    const context = { operation: "deleteRecording" };
    const call = this.#api.call(ref.roomId);
    const trace = this.#trace(ref);
    const file = fileOf(trace, await this.#listed(call, context), false, this.#around(ref));
    if (!file) return this.#isBeyondFiles(trace);
    const names = { session: pathSegment(file.session_id), filename: pathSegment(file.filename) };
    await this.#api
      .request({ ...context, endpoint: "DeleteRecording" }, () => call.deleteRecording(names))
      .catch((error: unknown) => {
        if (!isAnswer(error, 404)) throw error;
      });
    this.#traces.forget(ref.recordingId);
    return true;
  }

  /** A link to the finished file, good for one download now; undefined when Stream lists none. */
  async fileLink(ref: RecordingRef, signal?: AbortSignal): Promise<string | undefined> {
    const context = { operation: "fileLink", signal };
    const files = await this.#listed(this.#api.call(ref.roomId), context);
    return fileOf(this.#trace(ref), files, false, this.#around(ref))?.url;
  }

  /** Nothing of it can be listed any more: it was never begun, or too long ago. */
  #isBeyondFiles(trace: Trace): boolean {
    const { requestedAt, acceptedAt, runningAt, stopAcceptedAt, idleAt, unconfirmed } = trace;
    const ageMs = this.#clock.now() - requestedAt;
    const wasSeen = (acceptedAt ?? runningAt ?? stopAcceptedAt ?? idleAt) !== undefined;
    return ageMs > (wasSeen || unconfirmed === true ? retentionMs : startGraceMs);
  }

  async #start(
    call: StreamCall,
    request: RecordingStartRequest,
    signal: AbortSignal | undefined,
  ): Promise<ProviderRecording> {
    const context = { operation: "startRecording", signal };
    const seen = await this.#call(call, context);
    const trace = this.#trace(request);
    if (seen.composite !== "idle") return this.#adopt(request, seen);
    if (trace.acceptedAt !== undefined && trace.sessionId === seen.sessionId)
      return judge(trace, seen, [], this.#around(request)).answer;
    requireLive(seen);
    await this.#applySettings(call, request, context);
    return this.#send(call, request, { ...trace, sessionId: seen.sessionId ?? "" }, context);
  }

  /** Whatever runs in this call is the recording asked for: a meeting has one, and Stream cannot run two. */
  #adopt(request: RecordingStartRequest, seen: CallState): ProviderRecording {
    const { roomId, recordingId } = request;
    const { sessionId: _, ...known } = this.#trace(request);
    const ours = known.acceptedAt !== undefined || known.unconfirmed === true;
    if (!ours) this.#log.info({ roomId, recordingId }, "the call is already being recorded");
    const trace: Trace = ours ? known : { ...known, takenOver: true };
    const verdict = judge(trace, seen, [], this.#around(request));
    this.#traces.keep(recordingId, verdict.trace);
    return verdict.answer;
  }

  async #applySettings(call: StreamCall, request: RecordingStartRequest, context: Reading) {
    const asked = recordingSettings(request.config);
    const settings_override = { recording: asked };
    const updated = await this.#api.request({ ...context, endpoint: "UpdateCall" }, () =>
      call.update({ settings_override }),
    );
    if (settingsApplied(asked, readCall(updated.call).recordingSettings)) return;
    throw new AppError("STREAM_ERROR", "The video provider did not take over the settings", {
      operation: context.operation,
      reason: "settings_not_applied",
      outcome: "none",
    });
  }

  async #send(
    call: StreamCall,
    request: RecordingStartRequest,
    trace: Trace,
    context: Reading,
  ): Promise<ProviderRecording> {
    this.#traces.keep(request.recordingId, { ...trace, unconfirmed: true });
    try {
      await this.#api.request({ ...context, endpoint: "StartRecording", changes: true }, () =>
        call.startRecording(composite),
      );
    } catch (error) {
      if (!mayHaveHappened(error)) this.#refused(request, trace);
      if (!isAnswer(error, 400)) throw error;
      return this.#afterRefusedStart(call, request, trace, context, error);
    }
    return this.#accepted(request);
  }

  /** What was not sent leaves in doubt what was before. */
  #refused(request: RecordingStartRequest, { unconfirmed }: Trace): void {
    const { unconfirmed: _, ...known } = this.#trace(request);
    this.#traces.keep(request.recordingId, unconfirmed ? { ...known, unconfirmed } : known);
  }

  /** Others may have seen it run before its answer came. */
  #accepted(request: RecordingStartRequest): ProviderRecording {
    const { unconfirmed: _, ...known } = this.#trace(request);
    const accepted: Trace = { ...known, acceptedAt: this.#clock.now() };
    this.#traces.keep(request.recordingId, accepted);
    return { status: "starting", providerRef: encode(accepted) };
  }

  /**
   * Refusals are told apart by the state of the call, never by their words: everybody left, it runs already, or an
   * earlier start of ours that was never answered has been accepted after all.
   */
  async #afterRefusedStart(
    call: StreamCall,
    request: RecordingStartRequest,
    trace: Trace,
    context: Reading,
    error: AppError,
  ): Promise<ProviderRecording> {
    const seen = await this.#call(call, context).catch((cause: unknown) => {
      throw trace.unconfirmed ? unknownStart(cause) : cause;
    });
    if (seen.composite !== "idle") return this.#adopt(request, seen);
    requireLive(seen);
    if (trace.unconfirmed) return this.#accepted(request);
    throw error;
  }

  async #afterRefusedStop(
    call: StreamCall,
    ref: RecordingRef,
    context: Reading,
    error: unknown,
  ): Promise<ProviderRecording> {
    if (isAnswer(error, 404)) return { status: "absent" };
    if (!isAnswer(error, 400)) throw error;
    const after = await this.#fetchState(call, ref, context);
    if (after.call?.composite === "running") throw error;
    return after.answer;
  }

  /** Stream has accepted a stop and takes its time. */
  #isStopping(ref: RecordingRef): boolean {
    const { stopAcceptedAt } = this.#trace(ref);
    return stopAcceptedAt !== undefined && this.#clock.now() - stopAcceptedAt < stopAgainMs;
  }

  #stopping(ref: RecordingRef): ProviderRecording {
    const now = this.#clock.now();
    const known = this.#trace(ref);
    const { stopRequestedAt = now } = known;
    const trace: Trace = { ...known, stopRequestedAt, stopAcceptedAt: now };
    this.#traces.keep(ref.recordingId, trace);
    const startedAt = trace.runningAt ?? trace.requestedAt;
    return { status: "recording", startedAt, providerRef: encode(trace) };
  }

  async #fetchState(call: StreamCall, ref: RecordingRef, context: Reading): Promise<Look> {
    const lookedAt = this.#clock.now();
    const seen = await this.#call(call, context).catch((error: unknown) => {
      if (isAnswer(error, 404)) return undefined;
      throw error;
    });
    return this.#judge(call, ref, context, { seen, lookedAt });
  }

  /** What others have learnt of it meanwhile counts: what is known is read after each answer that was waited for. */
  async #judge(
    call: StreamCall,
    ref: RecordingRef,
    context: Reading,
    { seen, lookedAt }: { seen: CallState | undefined; lookedAt: number },
  ): Promise<Look> {
    if (!seen) return { answer: { status: "absent" } };
    const around = () => ({ ...this.#around(ref), lookedAt });
    const isListed = this.#mayBeListed(this.#trace(ref), seen, around());
    const files = isListed ? await this.#files(call, context) : [];
    const { answer, trace } = judge(this.#trace(ref), seen, files, around());
    if (answer.status !== "absent") this.#traces.keep(ref.recordingId, trace);
    return { answer, call: seen };
  }

  /** What runs, or has only just been asked for, is in no list; after its stop it may be the next one that runs. */
  #mayBeListed(trace: Trace, call: CallState, around: Circumstances): boolean {
    if (trace.stopRequestedAt !== undefined) return true;
    if (runsNow(trace, call, around)) return false;
    const hasBegun = trace.runningAt !== undefined;
    return hasBegun || this.#clock.now() - trace.requestedAt > unseenMs;
  }

  async #call(call: StreamCall, context: Reading): Promise<CallState> {
    const reading = { ...context, endpoint: "GetCall" } as const;
    return readCall((await this.#api.request(reading, () => call.get())).call);
  }

  async #files(call: StreamCall, context: Reading): Promise<CallRecording[]> {
    const listing = { ...context, endpoint: "ListRecordings" } as const;
    return (await this.#api.request(listing, () => call.listRecordings())).recordings ?? [];
  }

  /** Those of a call that is gone are gone too. */
  async #listed(call: StreamCall, context: Reading): Promise<CallRecording[]> {
    return this.#files(call, context).catch((error: unknown) => {
      if (isAnswer(error, 404)) return [];
      throw error;
    });
  }

  #around({ filesOfOthers, nextRequestedAt }: RecordingRef): Circumstances {
    return {
      nextRequestedAt,
      now: this.#clock.now(),
      aheadMs: this.#api.aheadMs,
      ofOthers: filesOfOthers,
    };
  }

  #trace(ref: RecordingRef): Trace {
    return this.#traces.of(ref, this.#clock.now());
  }
}

/** Refused, perhaps because an earlier start of ours has been accepted. */
const unknownStart = (cause: unknown) =>
  new AppError(
    "EXTERNAL_SERVICE_TIMEOUT",
    "Whether the recording has started is not known",
    { service, operation: "startRecording" },
    cause,
  );

interface Look {
  answer: ProviderRecording;
  call?: CallState;
}

const ended = new Set<ProviderRecording["status"]>(["finishing", "sealed", "failed"]);

/** `absent` too: a start that was never answered may have become a recording. */
const mayRun = ({ status }: ProviderRecording) => !ended.has(status);

function requireLive(call: CallState): void {
  if (call.live) return;
  throw new AppError(
    "MEETING_NOT_ACTIVE",
    call.ended
      ? "The call has ended and cannot be recorded"
      : "Nobody is in the call yet; recording can start once someone has joined",
    { reason: call.ended ? "call_ended" : "nobody_in_call" },
  );
}
