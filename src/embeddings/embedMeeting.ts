import { type Database, type ReadTx, statement } from "../db/port.ts";
import { type Embedder, longestEmbedded, mostTexts } from "../meaning/port.ts";
import { heldRevision, revisionOf } from "../transcripts/revision.ts";
import { forgetOtherModels, keepEmbedding, linesEmbedded } from "./store.ts";
import { activeIndex } from "./vectorIndex.ts";

interface Page {
  lines: readonly { id: string; text: string; sequence: number }[];
  revision: number;
}

/** In "Yes, of course." nothing is to be found. */
const fewestWords = 4;

const nextLines = statement<Page["lines"][number]>(
  "embeddings.nextLines",
  `SELECT t.id, t.text, t.sequence FROM transcripts t
   WHERE t.meeting_id = $1 AND NOT t.is_interim AND t.word_count >= ${fewestWords} AND t.sequence > $3
     AND NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.line_id = t.id AND e.model = $2)
   ORDER BY t.sequence LIMIT ${mostTexts}`,
);

/**
 * Embeds the lines of a meeting that have no embedding of this model, a few at a time: what is done stays done, whoever dies.
 * @throws Error when the model gives no answer; the signal's reason
 */
export async function embedMeeting(
  { db, embedder }: { db: Database; embedder: Embedder },
  meetingId: string,
  signal: AbortSignal,
): Promise<void> {
  const { model } = embedder;
  let after = 0;
  for (;;) {
    const page = await db.read((tx) => readPage(tx, meetingId, model, after));
    const last = page.lines.at(-1);
    if (!last) break;
    // With the first line, so that nothing is loaded where nobody has spoken.
    if (after === 0) await activeIndex(db, embedder, signal);
    if (await embedPage({ db, embedder }, meetingId, page, signal)) after = last.sequence;
  }
  await db.transaction((tx) => forgetOtherModels(tx, meetingId, model));
}

async function readPage(
  tx: ReadTx,
  meetingId: string,
  model: string,
  after: number,
): Promise<Page> {
  const revision = await revisionOf(tx, meetingId);
  return { revision, lines: await tx.all(nextLines, [meetingId, model, after]) };
}

/** @returns false where lines were deleted or corrected meanwhile: none of them is stored */
async function embedPage(
  { db, embedder }: { db: Database; embedder: Embedder },
  meetingId: string,
  { lines, revision }: Page,
  signal: AbortSignal,
): Promise<boolean> {
  const began = performance.now();
  const texts = lines.map(({ text }) => text.slice(0, longestEmbedded));
  const vectors = await embedder.embed(texts, { urgent: false, signal });
  const tookMs = (performance.now() - began) / lines.length;
  return db.transaction(async (tx) => {
    if ((await heldRevision(tx, meetingId)) !== revision) return false;
    for (const [index, { id, sequence }] of lines.entries()) {
      const vector = vectors[index];
      if (!vector) throw new Error("the model gave too few vectors");
      await keepEmbedding(tx, {
        ...{ sourceType: "transcriptSegment", sourceId: id, metadata: { meetingId, sequence } },
        ...{ model: embedder.model, version: embedder.version, vector, tookMs },
        ...{ userId: null, meetingId, lineId: id },
      });
    }
    await linesEmbedded(tx, meetingId, embedder.model);
    return true;
  });
}
