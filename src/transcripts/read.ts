import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import { requireMeeting } from "../meetings/store.ts";
import { bucketLengthMs, type Line } from "./line.ts";
import { lineColumns, toldLine } from "./store.ts";

const longestPage = 200;

const linesAfter = statement<Line>(
  "transcripts.linesAfter",
  `SELECT ${lineColumns} FROM transcripts
   WHERE meeting_id = $1 AND sequence > $2 AND NOT is_interim
     AND ($4::bigint IS NULL OR start_ms >= $4 AND start_ms < $4 + ${bucketLengthMs})
   ORDER BY sequence LIMIT $3`,
);

const newsAfter = statement<Line>(
  "transcripts.newsAfter",
  `SELECT ${lineColumns} FROM transcripts WHERE meeting_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`,
);

const figures = statement<{
  totalChunks: number;
  totalWords: number;
  averageConfidence: number;
  duration: number;
  speakers: string[];
  languages: string[];
  bucketCount: number;
}>(
  "transcripts.figures",
  `SELECT count(*) AS "totalChunks", coalesce(sum(word_count), 0)::bigint AS "totalWords",
     coalesce(avg(confidence), 0) AS "averageConfidence", coalesce(max(end_ms) - min(start_ms), 0)::bigint AS duration,
     coalesce(array_agg(DISTINCT speaker_id) FILTER (WHERE speaker_id IS NOT NULL), '{}') AS speakers,
     coalesce(array_agg(DISTINCT language) FILTER (WHERE language IS NOT NULL), '{}') AS languages,
     count(DISTINCT start_ms / ${bucketLengthMs}) AS "bucketCount"
   FROM transcripts WHERE meeting_id = $1 AND NOT is_interim`,
);

export interface LinesAsked {
  meetingId: string;
  /** Lines with higher numbers are told; default 0, all. */
  fromSequence?: number | undefined;
  limit?: number | undefined;
}

const asked = ({ fromSequence, limit }: LinesAsked, usual: number) => ({
  from: orThrow(wholeNumber("fromSequence", fromSequence ?? 0, { min: 0, max: 2 ** 31 - 1 })),
  most: orThrow(wholeNumber("limit", limit ?? usual, { max: longestPage })),
});

/** What was said, in the order it was written; of five minutes alone where `bucketMs` names their beginning. @throws AppError VALIDATION_ERROR */
export async function chunksAfter(
  tx: ReadTx,
  request: LinesAsked & { bucketMs?: number | undefined },
) {
  const { from, most } = asked(request, 100);
  const bucket = request.bucketMs ?? null;
  if (bucket !== null) orThrow(wholeNumber("bucketMs", bucket, { min: 0 }));
  const { meetingId } = request;
  tx.reads(`transcript:${meetingId}`);
  const lines = await tx.all(linesAfter, [meetingId, from, most, bucket]);
  return lines.map((line) => {
    const { isInterim: _, ...told } = toldLine(line);
    return { ...told, wordCount: line.wordCount, language: line.language };
  });
}

/** What was said since, guesses included; after the meeting too, when nothing more follows. @throws AppError VALIDATION_ERROR */
export async function followLines(tx: ReadTx, request: LinesAsked) {
  const { from, most } = asked(request, 50);
  const meeting = await requireMeeting(tx, request.meetingId);
  tx.reads(`transcript:${meeting.id}`);
  const lines = await tx.all(newsAfter, [meeting.id, from, most]);
  return {
    transcripts: lines.map(toldLine),
    nextSequence: lines.at(-1)?.sequence ?? from,
    subscriptionValid: meeting.state === "active",
  };
}

/** How much was said. */
export async function transcriptFigures(tx: ReadTx, meetingId: string) {
  tx.reads(`transcript:${meetingId}`);
  const found = await tx.first(figures, [meetingId]);
  if (!found) throw new Error("the database did not count");
  return found;
}
