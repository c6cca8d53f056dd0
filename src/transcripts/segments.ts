import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { Line } from "./line.ts";
import { lineColumns } from "./store.ts";

/** Lines of one speaker that belong together: between them is at most this, ms. */
const joinedGapMs = 5_000;
/** A speech is told in parts of that length, ms. */
const longestMs = 120_000;
const pageOfLines = 500;
const mostSegments = 1_000;

/** What one person said without a longer pause, and without anybody between. */
export interface Segment {
  /** The id of its first line. */
  lineId: string;
  startMs: number;
  endMs: number;
  speakerId: string | null;
  text: string;
  createdAt: number;
  /** When a line of it was last corrected. */
  correctedAt: number | null;
}

const linesFrom = statement<Line>(
  "transcripts.linesFrom",
  `SELECT ${lineColumns} FROM transcripts
   WHERE meeting_id = $1 AND NOT is_interim AND (start_ms, sequence) > ($2, $3)
   ORDER BY start_ms, sequence LIMIT ${pageOfLines}`,
);

const topicsOf = statement<{ topics: string[] }>(
  "transcripts.topics",
  "SELECT topics FROM meeting_activity WHERE meeting_id = $1",
);

/** Joins lines that come in the order of speech. */
export class SegmentJoiner {
  readonly segments: Segment[] = [];

  add({ id, startMs, endMs, speakerId, text, createdAt, correctedAt }: Line): void {
    const last = this.segments.at(-1);
    if (last && belongs(last, { startMs, endMs, speakerId })) {
      last.endMs = Math.max(last.endMs, endMs);
      last.text = `${last.text} ${text}`;
      last.createdAt = Math.max(last.createdAt, createdAt);
      last.correctedAt = latest(last.correctedAt, correctedAt);
    } else {
      const segment = { lineId: id, startMs, endMs, speakerId, text, createdAt, correctedAt };
      this.segments.push(segment);
    }
  }
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function belongs(
  segment: Segment,
  { startMs, endMs, speakerId }: Pick<Line, "startMs" | "endMs" | "speakerId">,
): boolean {
  if (speakerId === null || segment.speakerId !== speakerId) return false;
  return startMs - segment.endMs <= joinedGapMs && endMs - segment.startMs <= longestMs;
}

/**
 * The first so many segments of a meeting in the order of speech, with those of the meeting's topics that are named in them.
 * @throws AppError VALIDATION_ERROR (not 1 to 1,000)
 */
export async function firstSegments(
  tx: ReadTx,
  { meetingId, limit }: { meetingId: string; limit?: number | undefined },
) {
  const most = orThrow(wholeNumber("limit", limit ?? 100, { max: mostSegments }));
  tx.reads(`transcript:${meetingId}`, `meeting:${meetingId}`);
  const joiner = new SegmentJoiner();
  let after: [number, number] = [-1, 0];
  // One more than is told shows that the last one is whole.
  while (joiner.segments.length <= most) {
    const lines = await tx.all(linesFrom, [meetingId, ...after]);
    for (const line of lines) joiner.add(line);
    const last = lines.at(-1);
    if (!last || lines.length < pageOfLines) break;
    after = [last.startMs, last.sequence];
  }
  const topics = (await tx.first(topicsOf, [meetingId]))?.topics ?? [];
  return joiner.segments.slice(0, most).map((segment) => told(segment, meetingId, topics));
}

function told(
  { lineId, speakerId, createdAt, correctedAt, ...rest }: Segment,
  meetingId: string,
  topics: readonly string[],
) {
  const text = rest.text.toLocaleLowerCase("en");
  return {
    _id: lineId.replace(/^line_/, "segment_"),
    _creationTime: createdAt,
    ...{ meetingId, createdAt, ...rest },
    ...(correctedAt === null ? {} : { correctedAt }),
    speakers: speakerId === null ? [] : [speakerId],
    topics: topics.filter((topic) => text.includes(topic.toLocaleLowerCase("en"))),
  };
}
