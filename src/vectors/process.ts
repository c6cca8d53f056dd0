import { constants, setPriority } from "node:os";
import { keptNumbers, type VectorAnswer, type VectorRequest } from "../meaning/protocol.ts";
import { SentenceEncoder } from "./sentenceEncoder.ts";
import { VectorSets } from "./vectorSets.ts";

// Computes embeddings one request after the other, those that somebody waits for first, and compares vectors, until its parent ends.

process.umask(0o077);

type EmbedRequest = Extract<VectorRequest, { type: "embed" }>;

const encoder = new SentenceEncoder();
const sets = new VectorSets(keptNumbers);
const waiting: EmbedRequest[] = [];
let isEmbedding = false;

const send = (answer: VectorAnswer) => {
  process.send?.(answer);
};

/** Live media must not wait for it; who searches does, so it is not the lowest. */
function yieldToOthers(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A system that forbids it only makes us less polite.
  }
}

function take(request: VectorRequest): void {
  if (request.type === "keep") sets.keep(request.set);
  else if (request.type === "nearest")
    answer(request.id, () => ({ type: "nearest", id: request.id, ...sets.nearest(request) }));
  else {
    waiting.push(request);
    if (!isEmbedding) void embedAll();
  }
}

async function embedAll(): Promise<void> {
  isEmbedding = true;
  for (let next = nextRequest(); next; next = nextRequest()) {
    const { id, texts } = next;
    try {
      send({ type: "embedded", id, vectors: await encoder.embed(texts) });
    } catch (error) {
      send({ type: "failed", id, reason: reasonOf(error) });
    }
    // Requests that have come meanwhile are read.
    await new Promise((resolve) => setImmediate(resolve));
  }
  isEmbedding = false;
}

function nextRequest(): EmbedRequest | undefined {
  const urgent = waiting.findIndex((request) => request.urgent);
  return waiting.splice(Math.max(urgent, 0), 1)[0];
}

function answer(id: number, work: () => VectorAnswer): void {
  try {
    send(work());
  } catch (error) {
    send({ type: "failed", id, reason: reasonOf(error) });
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

yieldToOthers();
// Without a parent nobody would take an answer.
process.once("disconnect", () => process.exit(0));
process.on("message", take);
