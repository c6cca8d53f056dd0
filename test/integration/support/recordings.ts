import { createLinkSigner, type LinkSigner } from "../../../src/auth/signedLink.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { newId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import { createCaptureReader } from "../../../src/media/format/captureReader.ts";
import type { CapturedMedia } from "../../../src/media/format/port.ts";
import { capturesStay } from "../../../src/recordings/archive/captureCopies.ts";
import { createCapturedMedia } from "../../../src/recordings/playback/capturedMedia.ts";
import type { RecordingServices } from "../../../src/recordings/services.ts";
import { createFileStorage } from "../../../src/storage/file/fileStorage.ts";
import type { TestDatabase } from "./database.ts";
import { type ScriptedVideo, scriptedVideo } from "./scriptedVideo.ts";

export interface Stage {
  services: RecordingServices & { links: LinkSigner; captured: CapturedMedia };
  video: ScriptedVideo;
}

/** How much faster than the wall the stage's clock runs. */
const speed = 20;

/** The recording use cases on a real database and a provider that fails on demand; waiting costs little time. */
export function recordingStage(test: TestDatabase, root = "/nonexistent"): Stage {
  const video = scriptedVideo();
  let elapsedMs = 0;
  const clock = {
    now: () => systemClock.now() + elapsedMs,
    sleep: async (ms: number) => {
      elapsedMs += ms;
      await new Promise((resolve) => setTimeout(resolve, ms / speed));
    },
  };
  const services = {
    config: {
      recordingMaxSeconds: 3600,
      recordingEmptySeconds: 60,
      diskReserveBytes: 1000,
      quotaBytes: undefined,
      composer: "node-av" as const,
      composeJobs: 1,
      keepLocalCapturesHours: 24,
    },
    db: test.db,
    video,
    storage: createFileStorage(root),
    clock,
    log: silentLog,
    nodeId: newId("commits"),
    siteId: null as string | null,
    links: createLinkSigner("a secret of the tests"),
    copies: capturesStay,
    captured: createCapturedMedia(video, createCaptureReader(), capturesStay),
    publicUrl: () => "http://connvo.test",
    freeDiskBytes: async () => 1e12,
  };
  return { services, video };
}

/** A host with an active, paid meeting of their own. */
export async function activeMeeting(
  test: TestDatabase,
  change: {
    state?: string;
    tier?: string;
    permitted?: boolean;
    hostId?: string;
    orgId?: string;
  } = {},
): Promise<{ hostId: string; meetingId: string }> {
  const hostId = change.hostId ?? (await user(test));
  const meetingId = newId("meetings");
  await test.sql(
    `INSERT INTO meetings (id, organizer_id, org_id, title, duration_ms, state, tier, recording_permitted,
       transcription_enabled, max_participants, room_id, started_at)
     VALUES ($1, $2, $3, 'Planning', 1800000, $4, $5, $6, true, 8, $1, app_now())`,
    [
      meetingId,
      hostId,
      change.orgId ?? null,
      change.state ?? "active",
      change.tier ?? "paid",
      change.permitted ?? true,
    ],
  );
  await test.sql(
    `INSERT INTO meeting_participants (id, meeting_id, user_id, role, presence, in_room)
     VALUES ($1, $2, $3, 'host', 'joined', true)`,
    [newId("meetingParticipants"), meetingId, hostId],
  );
  return { hostId, meetingId };
}

export async function user(test: TestDatabase): Promise<string> {
  const id = newId("users");
  await test.sql(
    `INSERT INTO users (id, issuer, subject, email, display_name, plan)
     VALUES ($1, 'test', $1, $2, 'Alice', 'paid')`,
    [id, `${id}@example.test`],
  );
  return id;
}
