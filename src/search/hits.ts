import { type ReadTx, statement } from "../db/port.ts";
import { placeOf, playableStretches } from "../recordings/place.ts";

/** A line that was found, as it is read for whoever may see it. */
export interface FoundLine {
  lineId: string;
  meetingId: string;
  meetingTitle: string;
  sequence: number;
  speakerId: string | null;
  speakerName: string | null;
  startMs: number;
  /** The line, or of a long one the part that was found. */
  excerpt: string;
}

/** The one rule on what somebody finds: lines of meetings in which they have a place. */
const visible = `transcripts t JOIN meeting_participants p ON p.meeting_id = t.meeting_id AND p.user_id = $1
   JOIN meetings m ON m.id = t.meeting_id LEFT JOIN users u ON u.id = t.speaker_id`;

const columns = `t.id AS "lineId", t.meeting_id AS "meetingId", m.title AS "meetingTitle", t.sequence, t.speaker_id AS "speakerId",
  u.display_name AS "speakerName", t.start_ms AS "startMs"`;

/**
 * The newest of them are looked at, and of these the best come first. Rare words are found by their index, common ones by the
 * meetings of a person: which it is is known once the words are.
 */
const byWords = statement<FoundLine>(
  "search.byWords",
  `SELECT f.*, ts_headline('english', f.text, f.query, 'StartSel="", StopSel="", MaxWords=60, MinWords=30') AS excerpt FROM (
     SELECT * FROM (
       SELECT ${columns}, t.text, q.query FROM ${visible}, websearch_to_tsquery('english', $2) AS q (query)
       WHERE to_tsvector('english', t.text) @@ q.query AND NOT t.is_interim AND ($3::text IS NULL OR t.meeting_id = $3)
       ORDER BY t.start_ms DESC LIMIT 200) newest
     ORDER BY ts_rank(to_tsvector('english', text), query) DESC, "startMs" DESC LIMIT $4) f
   ORDER BY ts_rank(to_tsvector('english', f.text), f.query) DESC, f."startMs" DESC`,
  { plansAnew: true },
);

const byNumbers = statement<FoundLine>(
  "search.byNumbers",
  `SELECT ${columns}, left(t.text, 400) AS excerpt
   FROM unnest($2::text[], $3::int[]) AS n (meeting_id, sequence), ${visible}
   WHERE t.meeting_id = n.meeting_id AND t.sequence = n.sequence AND NOT t.is_interim
     AND EXISTS (SELECT 1 FROM embeddings e WHERE e.line_id = t.id AND e.model = $4)`,
);

export interface Wish {
  userId: string;
  query: string;
  meetingId: string | null;
  limit: number;
}

/** Lines with these words, the best first. */
export function linesWithWords(
  tx: ReadTx,
  { userId, query, meetingId, limit }: Wish,
): Promise<FoundLine[]> {
  return tx.all(byWords, [userId, query, meetingId, limit]);
}

/** Those of these lines that are still there and that this person may see, in no order. */
export function linesOf(
  tx: ReadTx,
  userId: string,
  lines: readonly { setId: string; key: number }[],
  model: string,
): Promise<FoundLine[]> {
  const meetings = lines.map(({ setId }) => setId);
  const numbers = lines.map(({ key }) => String(key));
  return tx.all(byNumbers, [userId, meetings, numbers, model]);
}

/** Where a line can be heard, if it was recorded. */
export async function placesOf(tx: ReadTx, lines: readonly FoundLine[]) {
  const meetings = [...new Set(lines.map(({ meetingId }) => meetingId))];
  const stretches = new Map<string, Awaited<ReturnType<typeof playableStretches>>>();
  for (const id of meetings) stretches.set(id, await playableStretches(tx, id));
  return lines.map(({ meetingId, startMs }) => placeOf(stretches.get(meetingId) ?? [], startMs));
}
