import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { GetStreamStandIn } from "../../../src/synth/getstream/server.ts";
import { stream } from "./meetings.ts";
import type { Person } from "./person.ts";

/** What Stream makes of a recording, by options of ffmpeg: not as we would cut it, and its index behind. */
export function madeByStream(...more: string[]): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), "connvo-stream-"));
  const file = path.join(folder, more.includes("mp3") ? "made.mp3" : "made.mp4");
  const sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=6"];
  const { status, stderr } = spawnSync("ffmpeg", ["-y", ...sound, ...more, file]);
  if (status !== 0) throw new Error(String(stderr));
  const content = readFileSync(file);
  rmSync(folder, { recursive: true });
  return content;
}

/** Brings somebody into the meeting's call at Stream. */
export async function joinStreamCall(
  { calls }: Pick<GetStreamStandIn, "calls">,
  person: Person,
  meetingId: string,
): Promise<void> {
  const { userId } = await person.action<{ userId: string }>(
    `${stream}:generateParticipantTokenPublic`,
    { meetingId },
  );
  calls.users.set(userId, { id: userId });
  calls.join(meetingId, userId);
}
