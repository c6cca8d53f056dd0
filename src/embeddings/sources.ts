import { AppError } from "../core/errors.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { SourceType } from "./embedding.ts";
import type { Belonging } from "./store.ts";

const none = { userId: null, meetingId: null, lineId: null };

const findUser = statement<{ userId: string }>(
  "embeddings.findUser",
  `SELECT id AS "userId" FROM users WHERE id = $1`,
);
/** By its own id or its user's. */
const findProfile = statement<{ userId: string }>(
  "embeddings.findProfile",
  `SELECT user_id AS "userId" FROM profiles WHERE id = $1 OR user_id = $1`,
);
const findMeeting = statement<{ meetingId: string }>(
  "embeddings.findMeeting",
  `SELECT id AS "meetingId" FROM meetings WHERE id = $1`,
);
/** A meeting has one text; it is named by the meeting. */
const findNotes = statement<{ meetingId: string }>(
  "embeddings.findNotes",
  `SELECT meeting_id AS "meetingId" FROM meeting_notes WHERE meeting_id = $1`,
);
const findLine = statement<{ meetingId: string; lineId: string }>(
  "embeddings.findLine",
  `SELECT meeting_id AS "meetingId", id AS "lineId" FROM transcripts WHERE id = $1 AND NOT is_interim`,
);

const find = {
  ...{ user: findUser, profile: findProfile, meeting: findMeeting, note: findNotes },
  transcriptSegment: findLine,
} as const;

/** What an embedding of that source goes with when it is deleted. @throws AppError NOT_FOUND */
export async function belongingOf(
  tx: ReadTx,
  { sourceType, sourceId }: { sourceType: SourceType; sourceId: string },
): Promise<Belonging> {
  const found = await tx.first<Partial<Belonging>>(find[sourceType], [sourceId]);
  if (found) return { ...none, ...found };
  throw new AppError("NOT_FOUND", `There is no such ${sourceType}`, {
    ...{ id: sourceId.slice(0, 64), sourceType },
  });
}
