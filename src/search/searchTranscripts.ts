import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { Database } from "../db/port.ts";
import { searchCounted } from "../embeddings/figures.ts";
import type { Meaning } from "../meaning/port.ts";
import { nearLines } from "./byMeaning.ts";
import { type FoundLine, linesOf, linesWithWords, placesOf, type Wish } from "./hits.ts";

interface Services {
  db: Database;
  log: Log;
  meaning: Meaning | undefined;
  publicUrl(): string;
}

export interface SearchRequest {
  query: string;
  limit?: number | undefined;
  meetingId?: string | undefined;
}

const longestQuery = 200;

type Match = { line: FoundLine; match: "words" | "meaning"; score?: number };

/**
 * What was said in the meetings that this person has a place in: lines with these words first, then lines of a like meaning.
 * @returns `meaning` is `used`, `off` (the server has no model) or `unavailable` (it gave no answer): words are found in any case
 * @throws AppError VALIDATION_ERROR with `field` (`query` of 1 to 200 characters, `limit` of 1 to 50)
 */
export async function searchTranscripts(
  services: Services,
  userId: string,
  request: SearchRequest,
  signal: AbortSignal,
) {
  const wish = { userId, ...checked(request) };
  const [byWords, byMeaning] = await Promise.all([
    services.db.read((tx) => linesWithWords(tx, wish)),
    similarLines(services, wish, signal),
  ]);
  const known = new Set(byWords.map(({ lineId }) => lineId));
  const found = [
    ...byWords.map((line): Match => ({ line, match: "words" })),
    ...byMeaning.found.filter(({ line }) => !known.has(line.lineId)),
  ].slice(0, wish.limit);
  const places = await services.db.read((tx) =>
    placesOf(
      tx,
      found.map(({ line }) => line),
    ),
  );
  const url = services.publicUrl();
  const hits = found.map(({ line, match, score }, index) => {
    const { meetingId, meetingTitle, lineId, startMs, excerpt, speakerId, speakerName } = line;
    const place = places[index];
    const seconds = Math.floor((place?.ms ?? 0) / 1000);
    return {
      ...{ meetingId, meetingTitle, lineId, startMs, excerpt, match },
      ...(score === undefined ? {} : { score }),
      ...(speakerId === null ? {} : { speakerId }),
      ...(speakerName === null ? {} : { speakerName }),
      ...(place ? { recordingId: place.recordingId, seconds } : {}),
      url: place
        ? `${url}/watch/${place.recordingId}#t=${seconds}`
        : `${url}/meetings/${meetingId}`,
    };
  });
  return { hits, meaning: byMeaning.state };
}

async function similarLines(
  { db, log, meaning }: Services,
  wish: Wish,
  signal: AbortSignal,
): Promise<{ state: "used" | "off" | "unavailable"; found: Match[] }> {
  if (!meaning) return { state: "off", found: [] };
  const { model } = meaning.embedder;
  const began = performance.now();
  try {
    const near = await nearLines({ db, meaning }, wish, signal);
    const tookMs = performance.now() - began;
    const lines = await db.read((tx) => linesOf(tx, wish.userId, near, model));
    const byKey = new Map(lines.map((line) => [`${line.meetingId}/${line.sequence}`, line]));
    const found = near.flatMap(({ setId, key, score }): Match[] => {
      const line = byKey.get(`${setId}/${key}`);
      return line ? [{ line, match: "meaning", score }] : [];
    });
    const scores = found.map(({ score = 0 }) => score);
    await db.transaction((tx) => searchCounted(tx, { model, tookMs, scores }));
    return { state: "used", found };
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, "a search went by words alone");
    return { state: "unavailable", found: [] };
  }
}

function checked({ query, limit, meetingId }: SearchRequest): Omit<Wish, "userId"> {
  const text = query.trim();
  if (text.length === 0 || text.length > longestQuery)
    throw new AppError("VALIDATION_ERROR", `query must have 1 to ${longestQuery} characters`, {
      ...{ field: "query", limit: longestQuery },
    });
  const most = orThrow(wholeNumber("limit", limit ?? 20, { max: 50 }));
  return { query: text, limit: most, meetingId: meetingId ?? null };
}
