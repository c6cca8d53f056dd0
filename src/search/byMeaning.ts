import type { Database } from "../db/port.ts";
import { statement } from "../db/port.ts";
import { readVector } from "../embeddings/embedding.ts";
import { activeIndex } from "../embeddings/vectorIndex.ts";
import type { Meaning, Near, VectorSet } from "../meaning/port.ts";

interface Searched {
  id: string;
  version: number;
}

/** The newest first; as many as anybody looks back to. */
const meetingsOf = statement<Searched>(
  "search.embeddedMeetings",
  `SELECT e.meeting_id AS id, e.version FROM embedded_meetings e
   JOIN meeting_participants p ON p.meeting_id = e.meeting_id AND p.user_id = $1
   WHERE e.model = $2 AND ($3::text IS NULL OR e.meeting_id = $3) ORDER BY e.meeting_id DESC LIMIT 5000`,
);

const vectorsOf = statement<{ sequence: number; vector: Buffer }>(
  "search.vectors",
  `SELECT t.sequence, e.vector FROM embeddings e JOIN transcripts t ON t.id = e.line_id
   WHERE e.meeting_id = $1 AND e.model = $2 AND e.dimensions = $3 ORDER BY t.sequence`,
);

/** Hits that were deleted meanwhile leave room for others. */
const mostNear = 100;
/** Meetings that one search brings into memory: whoever has more finds the older ones next time. */
const mostFetched = 500;

/**
 * The lines nearest in meaning, the nearest first, of the meetings this person has a place in.
 * @throws Error when the model gives no answer; the signal's reason
 */
export async function nearLines(
  { db, meaning: { embedder, scan } }: { db: Database; meaning: Meaning },
  { userId, query, meetingId }: { userId: string; query: string; meetingId: string | null },
  signal: AbortSignal,
): Promise<Near[]> {
  const { model } = embedder;
  const sets = await db.read((tx) => tx.all(meetingsOf, [userId, model, meetingId]));
  if (sets.length === 0) return [];
  const { threshold, dimensions } = await activeIndex(db, embedder, signal);
  const [vector] = await embedder.embed([query], { urgent: true, signal });
  if (!vector) throw new Error("the model gave no vector");
  const request = { query: vector, sets, threshold, most: mostNear };
  const first = await scan.nearest(request, signal);
  if (first.missing.length === 0) return first.near;
  const missing = new Set(first.missing.slice(0, mostFetched));
  let numbers = 0;
  for (const { id, version } of sets) {
    if (!missing.has(id)) continue;
    signal.throwIfAborted();
    const rows = await db.read((tx) => tx.all(vectorsOf, [id, model, dimensions]));
    numbers += rows.length * dimensions;
    if (numbers > scan.capacity) break;
    scan.keep(setOf({ id, version }, rows, dimensions));
  }
  return (await scan.nearest(request, signal)).near;
}

function setOf(
  { id, version }: Searched,
  rows: readonly { sequence: number; vector: Buffer }[],
  dimensions: number,
): VectorSet {
  const vectors = new Float32Array(rows.length * dimensions);
  for (const [index, { vector }] of rows.entries())
    readVector(vector, vectors.subarray(index * dimensions, (index + 1) * dimensions));
  return { id, version, keys: Int32Array.from(rows, ({ sequence }) => sequence), vectors };
}
