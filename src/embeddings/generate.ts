import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { longestEmbedded, type Meaning } from "../meaning/port.ts";
import { bytesOf, type SourceType } from "./embedding.ts";
import { belongingOf } from "./sources.ts";
import { keepEmbedding, linesEmbedded } from "./store.ts";
import { activeIndex } from "./vectorIndex.ts";

interface Services {
  db: Database;
  log: Log;
  meaning: Meaning | undefined;
}

export interface TextToEmbed {
  sourceType: SourceType;
  sourceId: string;
  content: string;
  /** The one that is configured; to be sure of it. */
  model?: string | undefined;
  metadata?: Record<string, string | number | boolean> | undefined;
}

/** Fields of the metadata, and their length together as JSON. */
const mostFields = 32;
const longestMetadata = 4_000;

/**
 * Embeds a text for whatever it belongs to, in the place of the embedding that has of that model.
 * @returns `success` is false, with `error`, when the model gives no answer
 * @throws AppError VALIDATION_ERROR with `field`; NOT_FOUND (no such source)
 */
export async function generateEmbedding(
  { db, log, meaning }: Services,
  wish: TextToEmbed,
  signal: AbortSignal,
) {
  const text = textOf(wish);
  checkMetadata(wish.metadata ?? {});
  if (!meaning)
    throw invalid("model", "This server has no embedding model", {
      reason: "embeddings_unavailable",
    });
  const { embedder } = meaning;
  const { model, version } = embedder;
  if (wish.model !== undefined && wish.model !== model)
    throw invalid("model", `The embedding model of this server is ${model}`, { model });
  await db.read((tx) => belongingOf(tx, wish));
  const began = performance.now();
  try {
    await activeIndex(db, embedder, signal);
    const [vector] = await embedder.embed([text], { urgent: true, signal });
    if (!vector) throw new Error("the model gave no vector");
    const tookMs = performance.now() - began;
    const { sourceType, sourceId, metadata = {} } = wish;
    const embeddingId = await db.transaction(async (tx) => {
      const belonging = await belongingOf(tx, wish);
      const embedding = { sourceType, sourceId, metadata, model, version, vector, tookMs };
      const id = await keepEmbedding(tx, { ...embedding, ...belonging });
      if (belonging.lineId !== null && belonging.meetingId !== null)
        await linesEmbedded(tx, belonging.meetingId, model);
      return id;
    });
    return {
      ...{ success: true, embeddingId, model, dimensions: vector.length, processingTime: tookMs },
      vector: exact(bytesOf(vector)),
    };
  } catch (error) {
    if (error instanceof AppError) throw error;
    signal.throwIfAborted();
    log.warn({ err: error }, "an embedding was not made");
    return {
      ...{ success: false, embeddingId: "", model, dimensions: 0, vector: new ArrayBuffer(0) },
      processingTime: performance.now() - began,
      error: "The embedding model gave no answer",
    };
  }
}

/** The bytes of a buffer, and nothing beside them. */
export function exact(buffer: Uint8Array): ArrayBuffer {
  return Uint8Array.from(buffer).buffer;
}

function textOf({ content, sourceId }: TextToEmbed): string {
  if (!/^[\w-]{1,64}$/.test(sourceId)) throw invalid("sourceId", "sourceId must be an id");
  const text = content.trim();
  if (text.length > 0 && text.length <= longestEmbedded) return text;
  throw invalid("content", `content must have 1 to ${longestEmbedded} characters`, {
    limit: longestEmbedded,
  });
}

function checkMetadata(metadata: Record<string, string | number | boolean>): void {
  const tooMany = Object.keys(metadata).length > mostFields;
  const numbers = Object.values(metadata).filter((value) => typeof value === "number");
  if (tooMany || JSON.stringify(metadata).length > longestMetadata)
    throw invalid("metadata", `metadata must have ${mostFields} fields at most, and little text`, {
      limit: mostFields,
    });
  if (!numbers.every(Number.isFinite))
    throw invalid("metadata", "metadata: numbers must be finite");
}

function invalid(field: string, message: string, more: Record<string, string | number> = {}) {
  return new AppError("VALIDATION_ERROR", message, { field, ...more });
}
