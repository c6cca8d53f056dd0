import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { vi } from "vitest";
import type { ArchivingDeps } from "../../../src/jobs/archiving.ts";
import type { CopiesDeps } from "../../../src/jobs/copies.ts";
import { createCaptureReader } from "../../../src/media/format/captureReader.ts";
import type { CaptureCopies } from "../../../src/media/format/port.ts";
import { createCaptureCopies } from "../../../src/recordings/archive/captureCopies.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { createCapturedMedia } from "../../../src/recordings/playback/capturedMedia.ts";
import { createFileStorage, type FileStorage } from "../../../src/storage/file/fileStorage.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import type { TestDatabase } from "./database.ts";
import { activeMeeting, recordingStage, type Stage } from "./recordings.ts";

/** A site whose captures are archived, the store being another folder. */
export interface ArchivingSite extends Stage {
  archive: FileStorage;
  deps: ArchivingDeps & CopiesDeps;
  captureDir(recordingId: string): string;
}

/** Another site on the same store, where one is given. */
export async function archivingSite(
  test: TestDatabase,
  siteId: string,
  other?: ArchivingSite,
): Promise<ArchivingSite> {
  const root = await scratchFolder("connvo-archive-");
  const stage = recordingStage(test, root);
  const archive = other?.archive ?? createFileStorage(path.join(root, "bucket"));
  const { services, video } = stage;
  services.siteId = siteId;
  services.copies = createCaptureCopies(services, siteId);
  // Tests forget what is trusted by making them anew.
  const copies: CaptureCopies = {
    fetches: true,
    hold: (...args) => services.copies.hold(...args),
    lost: (...args) => services.copies.lost(...args),
  };
  services.captured = createCapturedMedia(video, createCaptureReader(), copies);
  const captureDir = (id: string) => path.join(root, "recordings", id, "capture");
  return { ...stage, archive, captureDir, deps: { services, archive, siteId, captureDir } };
}

/** What a capture consists of; nothing here reads it. */
export const plainCapture: Readonly<Record<string, string>> = {
  "events.jsonl": '{"type":"captureStart"}\n',
  "track0001-audio.webm": "sound".repeat(1000),
  "track0001.index": "index",
  "track0002-video.webm": "picture".repeat(9000),
};

/** A stopped recording; its file is not composed yet. `write` fills the capture's folder. */
export async function stoppedRecording(
  test: TestDatabase,
  { services, video, captureDir }: ArchivingSite,
  write: (dir: string) => Promise<unknown> = writePlain,
) {
  const meeting = await activeMeeting(test);
  const { recordingId } = await startRecording(services, meeting.hostId, meeting);
  const dir = captureDir(recordingId);
  video.captureDir = dir;
  await mkdir(path.dirname(dir), { recursive: true });
  await write(dir);
  await stopRecording(services, meeting.hostId, meeting);
  return { ...meeting, recordingId, dir };
}

async function writePlain(dir: string): Promise<void> {
  await mkdir(dir);
  for (const [name, content] of Object.entries(plainCapture))
    await writeFile(path.join(dir, name), content);
}

/** Its file is composed, or at least nobody is about to. */
export async function composed(test: TestDatabase, recordingId: string): Promise<void> {
  await test.sql(`UPDATE renditions SET state = 'failed' WHERE recording_id = $1`, [recordingId]);
}

/** Names and hashes of what is in a folder; undefined without one. */
export async function contentOf(dir: string): Promise<Record<string, string> | undefined> {
  const names = await readdir(dir).catch(() => undefined);
  if (!names) return undefined;
  const found: Record<string, string> = {};
  for (const name of names.sort())
    found[name] = createHash("sha256")
      .update(await readFile(path.join(dir, name)))
      .digest("hex");
  return found;
}

export interface CaptureRow {
  archived: boolean;
  error: string | null;
  attempts: number;
  /** Of the copy on the site's disk. */
  copy: string | null;
  copyError: string | null;
}

export async function captureRow(
  test: TestDatabase,
  recordingId: string,
): Promise<CaptureRow | undefined> {
  const [row] = await test.sql<CaptureRow>(
    `SELECT c.archived_at IS NOT NULL AS archived, c.error_message AS error, c.attempts, cc.state AS copy,
       cc.error_message AS "copyError"
     FROM captures c LEFT JOIN capture_copies cc ON cc.recording_id = c.recording_id WHERE c.recording_id = $1`,
    [recordingId],
  );
  return row;
}

export const until = (check: () => Promise<unknown>) =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 });
