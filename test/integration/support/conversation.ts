import { statement } from "../../../src/db/port.ts";
import { writeLines } from "../../../src/transcripts/store.ts";
import type { TestDatabase } from "./database.ts";

const startOf = statement<{ startedAt: number }>(
  "test.startOf",
  `SELECT coalesce(started_at, created_at) AS "startedAt" FROM meetings WHERE id = $1`,
);

/** Who says what, and how many seconds after the last one. */
export type Spoken = readonly [speakerId: string | null, text: string, gapSeconds?: number];

/** Writes down a conversation as it is heard: each says one line of three seconds, from the meeting's beginning on. */
export async function converse(
  test: TestDatabase,
  meetingId: string,
  lines: readonly Spoken[],
  more: { recordingId?: string; fromMs?: number } = {},
): Promise<void> {
  await test.db.transaction(async (tx) => {
    const from = (await tx.first(startOf, [meetingId]))?.startedAt ?? 0;
    let at = from + (more.fromMs ?? 0);
    const rows = lines.map(([speakerId, text, gapSeconds = 1]) => {
      const startMs = at + gapSeconds * 1_000;
      at = startMs + 3_000;
      return {
        ...{ speakerId, text, startMs, endMs: at, confidence: 0.9, language: "en" },
        ...{ isInterim: false, authorId: null, sourceKey: `${startMs}/${speakerId}/${text}` },
        ...(more.recordingId === undefined ? {} : { recordingId: more.recordingId }),
      };
    });
    await writeLines(tx, meetingId, rows);
  });
}
