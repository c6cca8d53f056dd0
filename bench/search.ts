import type pg from "pg";
import { processEntry, searchPath } from "../src/config/paths.ts";
import { newId } from "../src/core/ids.ts";
import { silentLog } from "../src/core/log.ts";
import { unit } from "../src/meaning/unit.ts";
import { VectorProcess } from "../src/meaning/vectorProcess.ts";
import { searchTranscripts } from "../src/search/searchTranscripts.ts";
import { benchDatabase } from "./database.ts";
import { writeHosts } from "./hosts.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, interleave, percentile } from "./statistics.ts";

const meetings = 100;
const linesEach = 1_000;
const dimensions = 512;
/** Of vectors that mean nothing some three in a thousand are as near as that. */
const threshold = 0.12;
const queries = ["who pays for the travel", "when do we ship", "the budget of next year"];

/** Search in 100,000 lines that one person may see, against the same number of products in a loop. */
export async function benchSearch(stage: Stage): Promise<Row[]> {
  const { db, pool } = await benchDatabase(stage, await stage.folder(), 4);
  const child = new VectorProcess({
    ...{ entry: processEntry("vectorProcess"), log: silentLog, env: { PATH: searchPath() } },
  });
  stage.own("vector process", async () => child.close());

  stage.say(`${meetings * linesEach} lines`);
  const vectors = randomVectors(meetings * linesEach);
  const userId = await writeLines(pool, child, vectors);
  const meaning = { embedder: child, scan: child };
  const services = { db, log: silentLog, meaning, publicUrl: () => "http://bench.invalid" };
  const signal = new AbortController().signal;
  const search = async (query: string) => {
    const found = await searchTranscripts(services, userId, { query }, signal);
    if (found.meaning !== "used") throw new Error(`search by meaning is ${found.meaning}`);
  };
  const count = stage.pick(60, 20);
  const p95Of = (work: (query: string) => unknown) => async () =>
    percentile(await times(count, work), 0.95);
  const [asked] = await child.embed(queries.slice(0, 1), { urgent: true, signal });
  if (!asked) throw new Error("the model gave no vector");
  const bare = p95Of(() => bareScan(vectors, asked));
  stage.say("the first search, which brings all vectors into memory");
  const first = await times(1, search);
  stage.say("searches");
  const whole = compare(await interleave(stage.pick(5, 3), p95Of(search), bare));
  const beside = `first ${units.seconds(first[0] ?? 0)}`;
  return [
    rowOf({
      name: "search by words and meaning, 100,000 lines, p95",
      ...{ baseline: "bare scan", comparison: whole, format: units.milliseconds, beside },
      aim: { of: "ours", most: 0.2 },
    }),
    rowOf({
      name: "the same, against the scan alone",
      ...{ baseline: "bare scan", comparison: whole, format: units.milliseconds },
      aim: { of: "ratio", most: 1.5 },
    }),
  ];
}

/** Of one after the other, s. */
async function times(count: number, work: (query: string) => unknown): Promise<number[]> {
  const taken: number[] = [];
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    await work(queries[index % queries.length] ?? "");
    taken.push((performance.now() - began) / 1000);
  }
  return taken;
}

/** How near the nearest is. */
function bareScan(vectors: Float32Array, query: Float32Array): number {
  let best = -1;
  for (let from = 0; from < vectors.length; from += dimensions) {
    let sum = 0;
    for (let index = 0; index < dimensions; index++)
      sum += (vectors[from + index] as number) * (query[index] as number);
    if (sum > best) best = sum;
  }
  return best;
}

/** One after the other, of length 1; the same each time. */
function randomVectors(count: number): Float32Array {
  const all = new Float32Array(count * dimensions);
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  for (let row = 0; row < count; row++)
    all.set(unit(Array.from({ length: dimensions }, random)), row * dimensions);
  return all;
}

/** Lines and their embeddings in meetings of one person. @returns whose they are */
async function writeLines(
  pool: pg.Pool,
  { model, version, provider }: VectorProcess,
  vectors: Float32Array,
): Promise<string> {
  const hosts = await writeHosts(pool, meetings);
  const [reader] = hosts;
  if (!reader) throw new Error("no hosts");
  await pool.query(
    `INSERT INTO vector_indexes (id, provider, name, dimensions, threshold) VALUES ($1, $2, $3, $4, $5)`,
    [newId("vectorIndexMeta"), provider, model, dimensions, threshold],
  );
  for (const [index, { meetingId }] of hosts.entries()) {
    if (meetingId !== reader.meetingId)
      await pool.query(
        `INSERT INTO meeting_participants (id, meeting_id, user_id, role) VALUES ($1, $2, $3, 'participant')`,
        [newId("meetingParticipants"), meetingId, reader.userId],
      );
    await pool.query(
      `INSERT INTO transcripts (id, meeting_id, sequence, text, confidence, start_ms, end_ms, language, word_count, is_interim)
       SELECT $1 || '/' || n, $1, n, 'In year ' || n % 97 || ' somebody pays for word' || n % 499 || ' of the plan', 1,
         n * 1000, n * 1000 + 900, 'en', 10, false
       FROM generate_series(1, $2::int) n`,
      [meetingId, linesEach],
    );
    const own = vectors.subarray(
      index * linesEach * dimensions,
      (index + 1) * linesEach * dimensions,
    );
    const bytes = Array.from({ length: linesEach }, (_, row) =>
      Buffer.from(own.slice(row * dimensions, (row + 1) * dimensions).buffer),
    );
    await pool.query(
      `INSERT INTO embeddings (id, source_type, source_id, model, version, dimensions, vector, took_ms, meeting_id, line_id)
       SELECT $1 || '/' || n, 'transcriptSegment', $1 || '/' || n, $2, $3, $4, vector, 1, $1, $1 || '/' || n
       FROM unnest($5::bytea[]) WITH ORDINALITY AS v (vector, n)`,
      [meetingId, model, version, dimensions, bytes],
    );
    await pool.query("INSERT INTO embedded_meetings (meeting_id, model) VALUES ($1, $2)", [
      meetingId,
      model,
    ]);
  }
  await pool.query("ANALYZE");
  return reader.userId;
}
