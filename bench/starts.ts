import { statfs } from "node:fs/promises";
import type pg from "pg";
import { loadConfig } from "../src/config/config.ts";
import { systemClock } from "../src/core/clock.ts";
import { silentLog } from "../src/core/log.ts";
import type { Database } from "../src/db/port.ts";
import { capturesStay } from "../src/recordings/archive/captureCopies.ts";
import { startRecording } from "../src/recordings/lifecycle/start.ts";
import type { RecordingServices } from "../src/recordings/services.ts";
import { createFileStorage } from "../src/storage/file/fileStorage.ts";
import { withResilience } from "../src/video/resilience.ts";
import { benchDatabase } from "./database.ts";
import { type Host, writeHosts } from "./hosts.ts";
import { instantVideo } from "./instantVideo.ts";
import { rate } from "./rate.ts";
import { runRaw, startOf } from "./rawStart.ts";
import { type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { StatementTape, type TapedTransaction } from "./statementTape.ts";
import { compare, interleave } from "./statistics.ts";

/** Callers at once → starts in one round. */
const loads = [
  { callers: 1, full: 150, quick: 80 },
  { callers: 16, full: 500, quick: 250 },
  { callers: 64, full: 500, quick: 250 },
];

interface Subject {
  pool: pg.Pool;
  services: RecordingServices;
  taped: Host;
  tape: readonly TapedTransaction[];
}

/** startRecording transactions a second against the raw driver saying the same to the same PostgreSQL. */
export async function benchStarts(stage: Stage): Promise<Row[]> {
  const subject = await prepare(stage);
  const rows: Row[] = [];
  for (const { callers, full, quick } of loads) {
    stage.say(`startRecording, ${callers} callers`);
    rows.push(await benchLoad(stage, subject, callers, stage.pick(full, quick)));
  }
  return rows;
}

async function benchLoad(
  stage: Stage,
  { pool, services, taped, tape }: Subject,
  callers: number,
  starts: number,
): Promise<Row> {
  const ours = async () =>
    rate(callers, await writeHosts(pool, starts), ({ userId, meetingId }) =>
      startRecording(services, userId, { meetingId }),
    );
  const raw = async () => {
    const hosts = await writeHosts(pool, starts);
    const prepared = hosts.map((host) => startOf(tape, taped, host));
    return rate(callers, prepared, (start) => runRaw(pool, start));
  };
  // Connections opened, statements prepared, code compiled.
  await interleave(1, ours, raw);
  const comparison = compare(await interleave(stage.pick(5, 3), ours, raw));
  return rowOf({
    name: `startRecording, ${callers} caller${callers === 1 ? "" : "s"}`,
    baseline: "raw pg, same SQL",
    comparison,
    format: units.perSecond,
    aim: { of: "ratio", least: 0.6 },
  });
}

async function prepare(stage: Stage): Promise<Subject> {
  const dataDir = await stage.folder();
  const config = loadConfig({ CONNVO_DATA_DIR: dataDir });
  const tape = new StatementTape();
  const { db, pool } = await benchDatabase(stage, dataDir, config.databasePoolSize);
  const services = servicesOf(config, db);
  try {
    return { pool, services, ...(await recordOne(tape, pool, services)) };
  } finally {
    tape.stop();
  }
}

function servicesOf(config: ReturnType<typeof loadConfig>, db: Database): RecordingServices {
  const freeDiskBytes = async () => {
    const { bavail, bsize } = await statfs(config.dataDir);
    return bavail * bsize;
  };
  return {
    config,
    db,
    video: withResilience(instantVideo(), { log: silentLog }),
    storage: createFileStorage(config.dataDir),
    copies: capturesStay,
    clock: systemClock,
    log: silentLog,
    nodeId: "bench",
    siteId: null,
    publicUrl: () => "http://127.0.0.1",
    freeDiskBytes,
  };
}

/** What one start says; announcing its commits is left out, which ours does in batches and the baseline not at all. */
async function recordOne(tape: StatementTape, pool: pg.Pool, services: RecordingServices) {
  const hosts = await writeHosts(pool, 20);
  const start = ({ userId, meetingId }: Host) => startRecording(services, userId, { meetingId });
  const [taped, ...others] = hosts;
  if (!taped) throw new Error("no hosts");
  // Together, so that every connection has prepared every statement before the one that counts.
  await Promise.all(others.map(start));
  const all = await tape.record(() => start(taped));
  return {
    taped,
    tape: all.filter((transaction) => !transaction.some(({ text }) => /pg_notify/.test(text))),
  };
}
