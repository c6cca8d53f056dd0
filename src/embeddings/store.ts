import { newId } from "../core/ids.ts";
import { namedStatement, statement, type Tx } from "../db/port.ts";
import { bytesOf, type Embedding } from "./embedding.ts";

/** Of a row of `embeddings` under the alias `e`. */
export const embeddingColumns = `e.id, e.source_type AS "sourceType", e.source_id AS "sourceId", e.vector, e.model, e.dimensions,
  e.version, e.metadata, e.created_at AS "createdAt"`;

/** What an embedding goes with. */
export interface Belonging {
  userId: string | null;
  meetingId: string | null;
  lineId: string | null;
}

export interface NewEmbedding
  extends Pick<Embedding, "sourceType" | "sourceId" | "model" | "version" | "metadata">,
    Belonging {
  vector: Float32Array;
  /** How long it took, ms. */
  tookMs: number;
}

type Row = Omit<NewEmbedding, "vector"> & { id: string; vector: Buffer; dimensions: number };

/** One of each source and model: another takes its place. */
const keep = namedStatement<{ id: string }, Row>(
  "embeddings.keep",
  `INSERT INTO embeddings (id, source_type, source_id, model, version, dimensions, vector, metadata, took_ms, user_id,
     meeting_id, line_id)
   VALUES (:id, :sourceType, :sourceId, :model, :version, :dimensions, :vector, :metadata, :tookMs, :userId, :meetingId, :lineId)
   ON CONFLICT (source_type, source_id, model) DO UPDATE SET id = EXCLUDED.id, version = EXCLUDED.version,
     dimensions = EXCLUDED.dimensions, vector = EXCLUDED.vector, metadata = EXCLUDED.metadata,
     took_ms = EXCLUDED.took_ms, created_at = app_now()
   RETURNING id`,
);

const removeOfLine = statement(
  "embeddings.removeOfLine",
  "DELETE FROM embeddings WHERE line_id = $1",
);

const removeOtherModels = statement(
  "embeddings.removeOtherModels",
  "DELETE FROM embeddings WHERE meeting_id = $1 AND line_id IS NOT NULL AND model <> $2",
);

const change = statement(
  "embeddings.change",
  `INSERT INTO embedded_meetings AS e (meeting_id, model) VALUES ($1, $2)
   ON CONFLICT (meeting_id) DO UPDATE SET model = EXCLUDED.model, version = e.version + 1`,
);

const outdate = statement(
  "embeddings.outdate",
  "UPDATE embedded_meetings SET version = version + 1 WHERE meeting_id = $1",
);

/** Stores an embedding in the place of the one its source has of that model. @returns its id, another each time */
export async function keepEmbedding(tx: Tx, embedding: NewEmbedding): Promise<string> {
  const { vector } = embedding;
  const row = { ...embedding, vector: bytesOf(vector), dimensions: vector.length };
  const id = newId("embeddings");
  await tx.first(keep, keep.bind({ ...row, id }));
  tx.writes("embeddings:all");
  return id;
}

/** A meeting's lines have other embeddings than before, all of that model. */
export async function linesEmbedded(tx: Tx, meetingId: string, model: string): Promise<void> {
  await tx.run(change, [meetingId, model]);
}

/** A line says something else now. */
export async function forgetLine(tx: Tx, lineId: string): Promise<void> {
  await tx.run(removeOfLine, [lineId]);
}

/** What another model made of a meeting's lines is not looked at any more. */
export async function forgetOtherModels(tx: Tx, meetingId: string, model: string): Promise<void> {
  if ((await tx.run(removeOtherModels, [meetingId, model])) > 0) tx.writes("embeddings:all");
}

/** Lines were deleted or corrected; their embeddings went with them. */
export async function linesForgotten(tx: Tx, meetingId: string): Promise<void> {
  await tx.run(outdate, [meetingId]);
  tx.writes("embeddings:all");
}
