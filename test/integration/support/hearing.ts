import type { UserIdentity } from "../../../src/auth/identity.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { startTranscribingLoop, type TranscribingDeps } from "../../../src/jobs/transcribing.ts";
import type { CaptureCopies } from "../../../src/media/format/port.ts";
import type {
  Heard,
  RecordingToHear,
  UnheardTrack,
} from "../../../src/media/transcribe/protocol.ts";
import { capturesStay } from "../../../src/recordings/archive/captureCopies.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import type { TestDatabase } from "./database.ts";
import type { MeetingStage } from "./meetingCalls.ts";
import { activeMeeting, recordingStage } from "./recordings.ts";

export type Listen = (...asked: Parameters<TranscribingDeps["listen"]>) => Promise<void>;

interface NodeOptions {
  unheard?: UnheardTrack[];
  copies?: CaptureCopies;
  /** Where files of the store are listened to. */
  workDir?: string;
  /** Folder of the store. */
  root?: string;
}

/** Servers that listen to recordings as a test says. */
export class HearingNodes {
  readonly #test: TestDatabase;
  readonly #loops: Loop[] = [];
  readonly #release: (() => void)[] = [];

  constructor(test: TestDatabase) {
    this.#test = test;
  }

  /** A node that listens in this way; each is another server. */
  start(
    listen: Listen,
    {
      unheard = [],
      copies = capturesStay,
      workDir = "/nonexistent/transcribing",
      root,
    }: NodeOptions = {},
  ): { asked: RecordingToHear[]; loop: Loop } {
    const services = { ...recordingStage(this.#test, root).services, copies };
    const asked: RecordingToHear[] = [];
    const loop = startTranscribingLoop({
      services,
      captureDir: (recordingId) => `/captures/${recordingId}`,
      workDir,
      listen: async (capture, onHeard, signal) => {
        asked.push(capture);
        await listen(capture, onHeard, signal);
        return unheard;
      },
    });
    this.#loops.push(loop);
    return { asked, loop };
  }

  untilReleased(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#release.push(resolve);
      signal.addEventListener("abort", () => resolve());
    });
  }

  release(): void {
    for (const one of this.#release.splice(0)) one();
  }

  async stop(): Promise<void> {
    this.release();
    await Promise.all(this.#loops.splice(0).map((loop) => loop.stop()));
  }
}

/** A running recording of a host's meeting. */
export async function recorded(
  test: TestDatabase,
  change: Parameters<typeof activeMeeting>[1] = {},
) {
  const { services } = recordingStage(test);
  const meeting = await activeMeeting(test, change);
  const { recordingId } = await startRecording(services, meeting.hostId, meeting);
  await test.sql("UPDATE recordings SET provider = 'embedded' WHERE id = $1", [recordingId]);
  return { ...meeting, recordingId };
}

/** Begins to record a running meeting, as a room that can be listened to does. Returns the recording's id. */
export async function beginRecording(
  { test, stage }: { test: TestDatabase; stage: MeetingStage },
  host: UserIdentity,
  meetingId: string,
): Promise<string> {
  const { recordingId } = await stage.call<{ recordingId: string }>(
    ...([host, "meetings/stream/index:startRecording", { meetingId }] as const),
  );
  await test.sql(
    "UPDATE recordings SET provider = 'embedded', state = 'recording', started_at = app_now() WHERE id = $1",
    [recordingId],
  );
  return recordingId;
}

/** What time it is by the test's clock, epoch ms. */
export async function timeOf(test: TestDatabase): Promise<number> {
  const [row] = await test.sql<{ now: Date }>("SELECT app_now() AS now");
  return row?.now.getTime() ?? 0;
}

/** Nothing is recorded or listened to, of what earlier tests have left. */
export async function forgetRecordings(test: TestDatabase): Promise<void> {
  await test.sql("DELETE FROM recording_transcripts");
  await test.sql("DELETE FROM transcripts");
  await test.sql("UPDATE recordings SET state = 'failed'");
}

/** Half a second that the host says, with a stretch that nobody understands. */
export const heard = (
  { recordingId, hostId }: { recordingId: string; hostId: string },
  text: string,
  mediaMs: number,
): Heard => ({
  recordingId,
  lines: [
    {
      ...{ trackId: "t1", userId: hostId, text, confidence: 0.9, language: "en", mediaMs },
      ...{ startMs: 1_700_000_000_000 + mediaMs, endMs: 1_700_000_000_500 + mediaMs },
    },
  ],
  heard: { t1: mediaMs + 500 },
  notUnderstood: [
    {
      ...{ userId: hostId, startMs: 1_700_000_000_600 + mediaMs },
      endMs: 1_700_000_000_900 + mediaMs,
    },
  ],
});

/** What is written down of a meeting. */
export async function texts(
  test: TestDatabase,
  { meetingId }: { meetingId: string },
): Promise<string[]> {
  const lines = await test.sql<{ text: string }>(
    "SELECT text FROM transcripts WHERE meeting_id = $1 ORDER BY sequence",
    [meetingId],
  );
  return lines.map(({ text }) => text);
}

/** What the database says of listening to a recording. */
export async function hearingOf(test: TestDatabase, { recordingId }: { recordingId: string }) {
  const [row] = await test.sql<{
    state: string;
    heard: object;
    not_understood: number;
    error: string | null;
  }>(
    "SELECT state, heard, not_understood, error FROM recording_transcripts WHERE recording_id = $1",
    [recordingId],
  );
  return row;
}
