import { recordAudit } from "../audit/record.ts";
import type { Participant } from "../auth/identity.ts";
import { limitCalls } from "../auth/limitedCalls.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import { queueEmbeddings } from "../embeddings/queue.ts";
import { forgetLine } from "../embeddings/store.ts";
import { forgetQuotes } from "../insights/forget.ts";
import { correctionLimit, countWords, mayActFor, mostCorrections, textOf } from "./rules.ts";

interface Row {
  text: string;
  speakerId: string | null;
  authorId: string | null;
  correctedAt: number | null;
  corrections: number;
}

/** Of a line, not of a guess. */
const findLine = statement<Row>(
  "corrections.findLine",
  `SELECT text, speaker_id AS "speakerId", author_id AS "authorId", corrected_at AS "correctedAt",
     (SELECT count(*) FROM transcript_corrections c WHERE c.line_id = t.id) AS corrections
   FROM transcripts t WHERE meeting_id = $1 AND id = $2 AND NOT is_interim`,
);

const lockLine = statement(
  "corrections.lockLine",
  "SELECT 1 FROM transcripts WHERE meeting_id = $1 AND id = $2 FOR NO KEY UPDATE",
);

const keepReplaced = statement(
  "corrections.keep",
  `INSERT INTO transcript_corrections (line_id, number, replaced_text, corrected_by, corrected_at)
   SELECT id, $2, $3, $4, corrected_at FROM transcripts WHERE id = $1`,
);

const replaceText = statement<{ correctedAt: number }>(
  "corrections.replaceText",
  `UPDATE transcripts SET text = $2, word_count = $3, corrected_at = app_now() WHERE id = $1
   RETURNING corrected_at AS "correctedAt"`,
);

interface Replaced {
  text: string;
  correctedBy: string;
  correctedByName: string | null;
  correctedAt: number;
}

const replacedTexts = statement<Replaced>(
  "corrections.list",
  `SELECT c.replaced_text AS text, c.corrected_by AS "correctedBy", u.display_name AS "correctedByName",
     c.corrected_at AS "correctedAt"
   FROM transcript_corrections c JOIN users u ON u.id = c.corrected_by WHERE c.line_id = $1 ORDER BY c.number`,
);

/**
 * Puts another text in the place of a line's; what it replaces is kept. The same text again changes nothing.
 * @throws AppError NOT_FOUND (no such line), FORBIDDEN (another's, unless for a host), VALIDATION_ERROR (not 1 to 10,000 characters),
 * CONFLICT `too_many_corrections` (20 of a line), RATE_LIMIT_EXCEEDED (60 in any 60 s)
 */
export async function correctLine(
  tx: Tx,
  actor: Participant,
  { lineId, text: wanted }: { lineId: string; text: string },
): Promise<{ text: string; correctedAt?: number }> {
  const { meetingId, userId } = actor;
  const text = orThrow(textOf(wanted));
  await limitCalls(tx, userId, correctionLimit);
  // Counted in a statement of its own: one that waited for the lock would count what was before the wait.
  await tx.first(lockLine, [meetingId, lineId]);
  const line = await requireLine(tx, meetingId, lineId);
  orThrow(mayActFor(actor, line.speakerId ?? line.authorId));
  if (line.text === text) return { text, ...marked(line.correctedAt) };
  if (line.corrections >= mostCorrections)
    throw new AppError("CONFLICT", "This line has been corrected too often", {
      ...{ lineId, reason: "too_many_corrections", limit: mostCorrections },
    });
  const replaced = await tx.first(replaceText, [lineId, text, countWords(text)]);
  await tx.run(keepReplaced, [lineId, line.corrections + 1, line.text, userId]);
  tx.writes(`transcript:${meetingId}`);
  await forgetLine(tx, lineId);
  await queueEmbeddings(tx, meetingId);
  await forgetQuotes(tx, meetingId);
  await recordAudit(tx, {
    ...{ actorUserId: userId, meetingId, resourceType: "meeting", resourceId: meetingId },
    ...{ action: "transcript.correct", metadata: { lineId } },
  });
  return { text, ...marked(replaced?.correctedAt ?? null) };
}

/** What a line was at first, and what each correction made of it. @throws AppError NOT_FOUND */
export async function lineCorrections(tx: ReadTx, meetingId: string, lineId: string) {
  tx.reads(`transcript:${meetingId}`);
  const { text } = await requireLine(tx, meetingId, lineId);
  const replaced = await tx.all(replacedTexts, [lineId]);
  tx.reads(...replaced.map(({ correctedBy }) => `user:${correctedBy}` as const));
  return {
    text,
    original: replaced[0]?.text ?? text,
    corrections: replaced.map(({ correctedBy, correctedByName, correctedAt }, index) => ({
      text: replaced[index + 1]?.text ?? text,
      ...{ correctedBy, correctedAt },
      ...(correctedByName === null ? {} : { correctedByName }),
    })),
  };
}

async function requireLine(tx: ReadTx, meetingId: string, lineId: string): Promise<Row> {
  const line = await tx.first(findLine, [meetingId, lineId]);
  if (line) return line;
  throw new AppError("NOT_FOUND", "There is no such line in this meeting", {
    id: lineId.slice(0, 64),
  });
}

const marked = (correctedAt: number | null) => (correctedAt === null ? {} : { correctedAt });
