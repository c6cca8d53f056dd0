import { newId } from "../core/ids.ts";
import { statement, type Tx } from "../db/port.ts";
import { queueEmbeddings } from "../embeddings/queue.ts";
import type { Line, NewLine } from "./line.ts";
import { countWords } from "./rules.ts";

export const lineColumns = `id, sequence, speaker_id AS "speakerId", text, confidence, start_ms AS "startMs", end_ms AS "endMs",
  language, word_count AS "wordCount", is_interim AS "isInterim", created_at AS "createdAt", corrected_at AS "correctedAt"`;

/** Whoever writes lines of a meeting takes turns from here to the end of the transaction. */
const takeNumbers = statement<{ last: number }>(
  "transcripts.takeNumbers",
  `INSERT INTO transcriptions AS t (meeting_id, last_sequence) VALUES ($1, $2)
   ON CONFLICT (meeting_id) DO UPDATE SET last_sequence = t.last_sequence + $2
   RETURNING last_sequence AS last`,
);

const findBySource = statement<{ sequence: number }>(
  "transcripts.findBySource",
  "SELECT sequence FROM transcripts WHERE meeting_id = $1 AND source_key = $2",
);

/** A guess is over with the next guess of the same speaker by the same author, and with their line. */
const removeGuesses = statement(
  "transcripts.removeGuesses",
  `DELETE FROM transcripts t USING jsonb_to_recordset($2::jsonb) AS n("authorId" text, "speakerId" text)
   WHERE t.meeting_id = $1 AND t.is_interim
     AND t.author_id IS NOT DISTINCT FROM n."authorId" AND t.speaker_id IS NOT DISTINCT FROM n."speakerId"`,
);

/** A guess that comes after the line it was for says nothing. */
const findOverlapping = statement<{ sequence: number }>(
  "transcripts.findOverlapping",
  `SELECT sequence FROM transcripts WHERE meeting_id = $1 AND NOT is_interim AND end_ms > $2 AND start_ms < $3
     AND author_id IS NOT DISTINCT FROM $4 AND speaker_id IS NOT DISTINCT FROM $5
   ORDER BY sequence DESC LIMIT 1`,
);

const insert = statement<{ sequence: number }>(
  "transcripts.insert",
  `INSERT INTO transcripts (id, meeting_id, sequence, speaker_id, author_id, text, confidence, start_ms, end_ms,
     language, word_count, is_interim, source_key, recording_id)
   SELECT n.id, $1, n.sequence, n."speakerId", n."authorId", n.text, n.confidence, n."startMs", n."endMs",
     n.language, n."wordCount", n."isInterim", n."sourceKey", n."recordingId"
   FROM jsonb_to_recordset($2::jsonb) AS n(id text, sequence integer, "speakerId" text, "authorId" text, text text,
     confidence double precision, "startMs" bigint, "endMs" bigint, language text, "wordCount" integer,
     "isInterim" boolean, "sourceKey" text, "recordingId" text)
   ON CONFLICT (meeting_id, source_key) DO NOTHING
   RETURNING sequence`,
);

/** The number of a line that was written before, of a guess never. */
export async function numberOfSame(
  tx: Tx,
  meetingId: string,
  { isInterim, sourceKey }: NewLine,
): Promise<number | undefined> {
  if (isInterim) return undefined;
  return (await tx.first(findBySource, [meetingId, sourceKey]))?.sequence;
}

/** The number of the line that a guess comes too late for. */
export async function numberOfLater(
  tx: Tx,
  meetingId: string,
  { isInterim, startMs, endMs, authorId, speakerId }: NewLine,
): Promise<number | undefined> {
  if (!isInterim) return undefined;
  const found = await tx.first(findOverlapping, [meetingId, startMs, endMs, authorId, speakerId]);
  return found?.sequence;
}

/**
 * Writes lines in the order they are given; those that are there already are left out. Guesses of the same speakers go.
 * @returns the number of the last line of the meeting
 */
export async function writeLines(
  tx: Tx,
  meetingId: string,
  lines: readonly NewLine[],
): Promise<number> {
  const numbered = await tx.first(takeNumbers, [meetingId, lines.length]);
  if (!numbered) throw new Error("the database gave no numbers");
  const first = numbered.last - lines.length + 1;
  await tx.run(removeGuesses, [meetingId, JSON.stringify(lines)]);
  const rows = lines.map((line, index) => ({
    ...line,
    id: newId("transcripts"),
    sequence: first + index,
    wordCount: countWords(line.text),
    sourceKey: line.isInterim ? null : line.sourceKey,
  }));
  await tx.all(insert, [meetingId, JSON.stringify(rows)]);
  tx.writes(`transcript:${meetingId}`);
  if (lines.some(({ isInterim }) => !isInterim)) await queueEmbeddings(tx, meetingId);
  return numbered.last;
}

/** A line as the published functions tell it. */
export function toldLine({ id, speakerId, correctedAt, ...rest }: Line) {
  const { wordCount: _, language: __, isInterim, ...line } = rest;
  return {
    ...{ _id: id, ...line, isInterim },
    ...(speakerId === null ? {} : { speakerId }),
    ...(correctedAt === null ? {} : { correctedAt }),
  };
}
