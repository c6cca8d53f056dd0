import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { inSlices } from "../core/yielding.ts";
import { type ReadTx, statement } from "../db/port.ts";
import { cosine, unit } from "../meaning/unit.ts";
import { type Embedding, readVector, type SourceType, sourceTypes } from "./embedding.ts";
import { exact } from "./generate.ts";
import { type PageRequest, pageOf } from "./pages.ts";
import { embeddingColumns } from "./store.ts";
import { findVectorIndex, indexColumns, type VectorIndex } from "./vectorIndex.ts";

const findById = statement<Embedding>(
  "embeddings.findById",
  `SELECT ${embeddingColumns} FROM embeddings e WHERE e.id = $1`,
);

const rangeOf = (name: string, where: string) =>
  statement<Embedding>(
    `embeddings.${name}`,
    `SELECT ${embeddingColumns} FROM embeddings e WHERE e.id < $1 AND e.id >= $2 AND ${where} ORDER BY e.id DESC LIMIT $3`,
  );
const ofSource = rangeOf("ofSource", "e.source_type = $4 AND e.source_id = $5");
const ofModel = rangeOf("ofModel", "e.model = $4");

const indexes = statement<VectorIndex>(
  "vectorIndexes.list",
  `SELECT ${indexColumns} FROM vector_indexes WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3`,
);

/** Those that a question is compared with, the newest. */
const mostCandidates = 5_000;
const candidates = statement<Embedding>(
  "embeddings.candidates",
  `SELECT ${embeddingColumns} FROM embeddings e
   WHERE e.model = $1 AND e.dimensions = $2 AND e.source_type = ANY($3::text[]) ORDER BY e.id DESC LIMIT ${mostCandidates}`,
);
const activeModel = statement<{ name: string }>(
  "vectorIndexes.active",
  "SELECT name FROM vector_indexes WHERE is_active ORDER BY updated_at DESC LIMIT 1",
);

/** One embedding; null when there is none with that id. */
export async function embeddingById(tx: ReadTx, id: string) {
  tx.reads("embeddings:all");
  const found = /^[\w-]{1,64}$/.test(id) ? await tx.first(findById, [id]) : undefined;
  return found ? told(found) : null;
}

/** The embeddings of one source, of each model one. @throws as `pageOf` */
export async function embeddingsOfSource(
  tx: ReadTx,
  source: { sourceType: SourceType; sourceId: string },
  request: PageRequest,
) {
  const { sourceType, sourceId } = source;
  const list = `embeddings.ofSource|${sourceType}|${sourceId}`;
  return embeddingsIn(tx, list, request, (...range) =>
    tx.all(ofSource, [...range, sourceType, sourceId]),
  );
}

/** The embeddings that one model made. @throws as `pageOf` */
export function embeddingsOfModel(tx: ReadTx, model: string, request: PageRequest) {
  const list = `embeddings.ofModel|${model}`;
  return embeddingsIn(tx, list, request, (...range) => tx.all(ofModel, [...range, model]));
}

async function embeddingsIn(
  tx: ReadTx,
  list: string,
  request: PageRequest,
  read: (below: string, from: string, most: number) => Promise<Embedding[]>,
) {
  tx.reads("embeddings:all");
  const { rows, ...page } = await pageOf(list, request, read);
  return { ...page, page: rows.map(told) };
}

/** The models whose vectors are or were searched. @throws as `pageOf` */
export async function vectorIndexes(tx: ReadTx, request: PageRequest) {
  tx.reads("embeddings:all");
  const { rows, ...page } = await pageOf("vectorIndexes", request, (...range) =>
    tx.all(indexes, range),
  );
  return { ...page, page: rows.map(toldIndex) };
}

function toldIndex({ id, provider, name, dimensions, threshold, isActive, ...times }: VectorIndex) {
  return {
    ...{ _id: id, _creationTime: times.createdAt, provider, ...times },
    indexName: `flat:${name}`,
    config: { kind: "flat", model: name, dimensions, threshold },
    status: isActive ? ("active" as const) : ("inactive" as const),
  };
}

export interface SimilarityQuery {
  queryVector: ArrayBuffer;
  limit?: number | undefined;
  model?: string | undefined;
  sourceTypes?: SourceType[] | undefined;
  threshold?: number | undefined;
}

/**
 * The embeddings nearest to a vector, the nearest first, of the newest 5,000 of these kinds.
 * @throws AppError VALIDATION_ERROR with `field`
 */
export async function similar(tx: ReadTx, query: SimilarityQuery) {
  const limit = orThrow(wholeNumber("limit", query.limit ?? 10, { max: 256 }));
  if (query.threshold !== undefined && !(Math.abs(query.threshold) <= 1))
    throw new AppError("VALIDATION_ERROR", "threshold must be from -1 to 1", {
      field: "threshold",
    });
  const vector = vectorOf(query.queryVector);
  tx.reads("embeddings:all");
  const model = query.model ?? (await tx.first(activeModel))?.name;
  if (model === undefined) return [];
  const threshold = query.threshold ?? (await findVectorIndex(tx, model))?.threshold ?? 0.7;
  const types = query.sourceTypes ?? sourceTypes;
  const rows = await tx.all(candidates, [model, vector.length, types]);
  const near = await inSlices(nearOf(rows, vector, threshold));
  return near
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ row, score }) => ({ embedding: told(row), score }));
}

function* nearOf(rows: readonly Embedding[], vector: Float32Array, threshold: number) {
  const near: { row: Embedding; score: number }[] = [];
  for (const row of rows) {
    const score = cosine(vector, readVector(row.vector));
    if (score >= threshold) near.push({ row, score });
    yield;
  }
  return near;
}

/** 32 bit floats, little-endian. */
function vectorOf(bytes: ArrayBuffer): Float32Array {
  const isWhole = bytes.byteLength > 0 && bytes.byteLength % 4 === 0;
  const vector = isWhole ? readVector(new Uint8Array(bytes)) : new Float32Array();
  if (vector.length > 0 && vector.length <= 4_096 && vector.every(Number.isFinite))
    return unit(vector);
  throw new AppError("VALIDATION_ERROR", "queryVector must be 1 to 4096 floats of 32 bits", {
    field: "queryVector",
  });
}

function told({ id, vector, ...rest }: Embedding) {
  return { _id: id, _creationTime: rest.createdAt, ...rest, vector: exact(vector) };
}
