import { AppError } from "../../../src/core/errors.ts";
import type { ProviderRecording, VideoProvider } from "../../../src/video/port.ts";

type Operation =
  | "createRoom"
  | "startRecording"
  | "stopRecording"
  | "pauseRecording"
  | "resumeRecording"
  | "recordingState";

/** A video provider that keeps the port's contract in memory and fails exactly where a test says so. */
export interface ScriptedVideo extends VideoProvider {
  /** Calls per operation, in order, by recording or room id. */
  readonly calls: Record<Operation, string[]>;
  /** The next call of `operation` does this instead of (or, with `after`, behind) its work. */
  next(operation: Operation, fault: () => Promise<ProviderRecording> | ProviderRecording): void;
  /** As if the provider had ended the recording by itself. */
  seal(recordingId: string, reason: string, media?: { hasMedia: boolean }): void;
  forget(recordingId: string): void;
  unreachable: boolean;
  captureDir: string | undefined;
  /** What a provider that makes files itself calls the next one; unique unless given. */
  nextFile: string | undefined;
}

export const timeout = () =>
  new AppError("EXTERNAL_SERVICE_TIMEOUT", "no answer", { service: "scripted" });

export function scriptedVideo(clock: () => number = Date.now): ScriptedVideo {
  const recordings = new Map<string, ProviderRecording>();
  const faults = new Map<Operation, (() => Promise<ProviderRecording> | ProviderRecording)[]>();
  const calls: ScriptedVideo["calls"] = {
    createRoom: [],
    startRecording: [],
    stopRecording: [],
    pauseRecording: [],
    resumeRecording: [],
    recordingState: [],
  };
  const enter = (operation: Operation, id: string) => {
    calls[operation].push(id);
    const fault = faults.get(operation)?.shift();
    if (fault) return { fault };
    if (video.unreachable) throw timeout();
    return {};
  };
  const state = (id: string): ProviderRecording => recordings.get(id) ?? { status: "absent" };
  const switchTo = (id: string, paused: boolean): ProviderRecording => {
    const running = state(id);
    if (running.status !== "recording" || (running.pausedAt !== undefined) === paused)
      return running;
    const { startedAt, pausedAt, pauses = [] } = running;
    const cut = pauses.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const at = clock();
    const over = (from: number) => ({
      ...{ atMs: from - startedAt - cut, durationMs: at - from, startedAt: from, endedAt: at },
    });
    const next = paused
      ? { pausedAt: at, pauses }
      : { pauses: [...pauses, ...(pausedAt === undefined ? [] : [over(pausedAt)])] };
    recordings.set(id, { status: "recording", startedAt, ...next });
    return state(id);
  };
  const seal = (id: string, reason: string, hasMedia: boolean) => {
    const running = switchTo(id, false);
    if (running.status !== "recording") return;
    recordings.set(id, {
      status: "sealed",
      startedAt: running.startedAt,
      stoppedAt: Math.max(running.startedAt + 1, clock()),
      stopReason: reason,
      hasMedia,
      gaps: [],
      pauses: running.pauses ?? [],
      tracks: hasMedia ? [track] : [],
      problems: [],
      ...(video.captureDir === undefined ? {} : { captureDir: video.captureDir }),
      ...(video.capabilities.composesLocally
        ? {}
        : { file: video.nextFile ?? `session/${id}.mp4` }),
    });
  };
  const video: ScriptedVideo = {
    name: "embedded",
    capabilities: {
      maxParticipants: 8,
      startsWithoutPublishers: true,
      pauses: true,
      composesLocally: true,
      reportsPresence: true,
      statePollMs: 2_000,
      absentGraceMs: 0,
    },
    calls,
    unreachable: false,
    captureDir: undefined,
    nextFile: undefined,
    next: (operation, fault) => {
      faults.set(operation, [...(faults.get(operation) ?? []), fault]);
    },
    seal: (id, reason, media = { hasMedia: true }) => seal(id, reason, media.hasMedia),
    forget: (id) => recordings.delete(id),
    createRoom: async (spec) => {
      await enter("createRoom", spec.roomId).fault?.();
    },
    token: async () => ({ token: "scripted", expiresAt: 0 }),
    startRecording: async ({ recordingId }) => {
      const { fault } = enter("startRecording", recordingId);
      if (fault) return fault();
      if (state(recordingId).status === "absent")
        recordings.set(recordingId, {
          ...{ status: "recording", startedAt: clock() },
          ...(video.captureDir === undefined ? {} : { captureDir: video.captureDir }),
        });
      return state(recordingId);
    },
    stopRecording: async ({ recordingId }) => {
      const { fault } = enter("stopRecording", recordingId);
      if (fault) return fault();
      seal(recordingId, "host", true);
      return state(recordingId);
    },
    pauseRecording: async ({ recordingId }) => {
      const { fault } = enter("pauseRecording", recordingId);
      return fault ? fault() : switchTo(recordingId, true);
    },
    resumeRecording: async ({ recordingId }) => {
      const { fault } = enter("resumeRecording", recordingId);
      return fault ? fault() : switchTo(recordingId, false);
    },
    recordingState: async ({ recordingId }) => {
      const { fault } = enter("recordingState", recordingId);
      return fault ? fault() : state(recordingId);
    },
    deleteRecording: async ({ recordingId }) => {
      recordings.delete(recordingId);
      return true;
    },
    fileLink: async () => undefined,
    removeParticipant: async () => undefined,
    closeRoom: async () => undefined,
    onPresence: () => () => undefined,
    close: async () => undefined,
  };
  return video;
}

const track = {
  trackId: "t1",
  participantId: "user_1",
  participantName: "Alice",
  kind: "video",
  codec: "VP8",
  startMs: 0,
  endMs: 1000,
  sizeBytes: 1234,
} as const;
