import { newId } from "../core/ids.ts";
import { type Database, namedStatement, type ReadTx, statement } from "../db/port.ts";
import type { Embedder } from "../meaning/port.ts";
import { calibrate } from "./calibrate.ts";

/** A model whose vectors are searched. */
export interface VectorIndex {
  id: string;
  provider: string;
  /** The model's. */
  name: string;
  dimensions: number;
  /** Cosine from which on texts count as alike. */
  threshold: number;
  isActive: boolean;
  createdAt: number;
  updatedAt: number;
}

export const indexColumns = `id, provider, name, dimensions, threshold, is_active AS "isActive", created_at AS "createdAt",
  updated_at AS "updatedAt"`;

const find = statement<VectorIndex>(
  "vectorIndexes.find",
  `SELECT ${indexColumns} FROM vector_indexes WHERE name = $1`,
);

const write = namedStatement<
  VectorIndex,
  Pick<VectorIndex, "id" | "provider" | "name" | "dimensions" | "threshold">
>(
  "vectorIndexes.write",
  `INSERT INTO vector_indexes (id, provider, name, dimensions, threshold)
   VALUES (:id, :provider, :name, :dimensions, :threshold)
   ON CONFLICT (name) DO UPDATE SET provider = EXCLUDED.provider, dimensions = EXCLUDED.dimensions,
     threshold = EXCLUDED.threshold, is_active = true, updated_at = app_now()
   RETURNING ${indexColumns}`,
);

const deactivateOthers = statement(
  "vectorIndexes.deactivateOthers",
  "UPDATE vector_indexes SET is_active = false, updated_at = app_now() WHERE name <> $1 AND is_active",
);

export async function findVectorIndex(tx: ReadTx, model: string): Promise<VectorIndex | undefined> {
  tx.reads("embeddings:all");
  return tx.first(find, [model]);
}

/**
 * What is known of the configured model; found out with its first use.
 * @throws Error when the model gives no answer
 */
export async function activeIndex(
  db: Database,
  embedder: Embedder,
  signal: AbortSignal,
): Promise<VectorIndex> {
  const known = await db.read((tx) => findVectorIndex(tx, embedder.model));
  if (known?.isActive) return known;
  const [vector] = await embedder.embed(["What was decided?"], { urgent: true, signal });
  if (!vector) throw new Error("the model gave no vector");
  const threshold = await calibrate(embedder, signal);
  const index = {
    ...{ id: newId("vectorIndexMeta"), provider: embedder.provider, name: embedder.model },
    ...{ dimensions: vector.length, threshold },
  };
  return db.transaction(async (tx) => {
    await tx.run(deactivateOthers, [embedder.model]);
    const written = await tx.first(write, write.bind(index));
    if (!written) throw new Error("the database kept no index");
    tx.writes("embeddings:all");
    return written;
  });
}
