import { createHash } from "node:crypto";
import path from "node:path";
import { silentLog } from "../../src/core/log.ts";
import { sweepStorage } from "../../src/jobs/sweepStorage.ts";
import { createFileStorage } from "../../src/storage/file/fileStorage.ts";
import type { RecordingFile } from "../../src/synth/getstream/calls.ts";
import { judgeTimes } from "./judgeTimes.ts";
import { judgeTold } from "./judgeTold.ts";
import { type Scene, strangers } from "./people.ts";
import { contentOf, type World } from "./world.ts";

interface Row {
  id: string;
  state: string;
  code: string | null;
  deleted: boolean;
  file: string | null;
  key: string | null;
  sha: string | null;
  renditions: number;
}

const rowsOf = `SELECT r.id, r.state, r.error_code AS code, r.deleted_at IS NOT NULL AS deleted, f.file,
    d.storage_key AS key, d.sha256 AS sha,
    (SELECT count(*)::int FROM renditions x WHERE x.recording_id = r.id AND x.state = 'ready') AS renditions
  FROM recordings r LEFT JOIN provider_files f ON f.recording_id = r.id
    LEFT JOIN renditions d ON d.recording_id = r.id AND d.state = 'ready' ORDER BY r.id`;

/** What runs at Stream although no recording of ours is open. */
export async function orphans(world: World): Promise<string[]> {
  const open = await world.sql<{ meeting_id: string }>(
    "SELECT meeting_id FROM recordings WHERE state IN ('starting', 'recording', 'stopping')",
  );
  const owned = new Set(open.map(({ meeting_id }) => meeting_id));
  return world
    .calls()
    .filter(({ id, capture }) => capture !== null && !owned.has(id))
    .map(() => "orphan: Stream records, and no recording is open");
}

/** All that was promised, once everything is settled. */
export async function findings(world: World, scene: Scene): Promise<string[]> {
  const rows = await world.sql<Row & Record<string, unknown>>(rowsOf);
  return [
    ...judgeStarts(world),
    ...judgeStates(rows),
    ...judgeFiles(world, rows),
    ...(await judgeStorage(world, rows)),
    ...judgeAnswers(world, rows),
    ...(await judgeRefused(world)),
    ...(await judgeTold(world)),
    ...(await judgeTimes(world, scene)),
  ];
}

/** Never two starts for one recording, unless Stream lost what the first began, and none sent again before somebody looked. */
function judgeStarts({ starts, lost }: World): string[] {
  const found: string[] = [];
  const before = new Map<string, number>();
  const accepted = new Map<string, number>();
  for (const { recordingId = "?", egressId, looked } of starts) {
    if ((before.get(recordingId) ?? 0) > 0 && !looked)
      found.push("start: sent again before the call was looked at");
    before.set(recordingId, (before.get(recordingId) ?? 0) + 1);
    if (egressId !== undefined && !lost.has(egressId))
      accepted.set(recordingId, (accepted.get(recordingId) ?? 0) + 1);
  }
  for (const count of accepted.values())
    if (count > 1) found.push("start: accepted twice for one recording");
  return found;
}

function judgeStates(rows: Row[]): string[] {
  return rows
    .filter(({ state, deleted }) => !deleted && state !== "ready" && state !== "failed")
    .map(({ state }) => `settled: a recording stays ${state}`);
}

const nameOf = ({ sessionId, filename }: RecordingFile) => `${sessionId}/${filename}`;
const shaOf = (filename: string) => createHash("sha256").update(contentOf(filename)).digest("hex");

/** Every file of Stream's is in our storage, as the file of the recording it was started for. */
function judgeFiles(world: World, rows: Row[]): string[] {
  const ownerOf = (file: RecordingFile) => {
    const start = world.starts.find(({ egressId }) => egressId === file.egressId);
    return rows.find(({ id }) => id === start?.recordingId);
  };
  const calls = world.calls();
  const claimed = rows.flatMap(({ file }) => file ?? []);
  return [
    ...calls.filter(({ capture }) => capture).map(() => "orphan: Stream records for ever"),
    ...calls.flatMap(({ files }) => files.flatMap((file) => judgeFile(file, ownerOf(file)))),
    ...(new Set(claimed).size < claimed.length ? ["file: of two recordings"] : []),
  ];
}

function judgeFile(file: RecordingFile, row: Row | undefined): string[] {
  if (!row) return ["file: of no recording"];
  if (row.deleted) return ["file: of a deleted recording, and stays at Stream"];
  if (row.file !== nameOf(file))
    return [`file: not taken by its recording, which is ${row.state} (${row.code})`];
  if (row.sha !== shaOf(file.filename)) return ["file: other bytes are stored"];
  return row.renditions === 1 ? [] : [`file: stored ${row.renditions} times`];
}

/** In the storage is what rows name, and nothing else once it was swept. */
async function judgeStorage({ root, db }: World, rows: Row[]): Promise<string[]> {
  const storage = createFileStorage(path.join(root, "files"));
  const clock = { now: () => Date.now() + 25 * 3_600_000, sleep: async () => undefined };
  await sweepStorage({ db, storage, clock, log: silentLog });
  const kept: string[] = [];
  for await (const { key } of storage.list()) kept.push(key);
  const named = rows.flatMap(({ key }) => key ?? []);
  return [
    ...named.filter((key) => !kept.includes(key)).map(() => "storage: a file is missing"),
    ...kept.filter((key) => !named.includes(key)).map(() => "storage: a file that nobody names"),
  ];
}

/** Whoever was told that it records has a recording of it, unless it was lost at Stream. */
function judgeAnswers(world: World, rows: Row[]): string[] {
  const found: string[] = [];
  const started = new Set(
    world.starts.flatMap(({ egressId, recordingId }) => (egressId ? [recordingId] : [])),
  );
  for (const { name, ok, value } of world.answers) {
    if (!ok || !name.endsWith(":startRecording")) continue;
    const { recordingId } = value as { recordingId: string };
    if (!rows.some(({ id }) => id === recordingId)) found.push("answer: started, and has no row");
    if (!started.has(recordingId)) found.push("answer: started, and Stream knows nothing of it");
  }
  return found;
}

/** Who may do nothing changed nothing, and was told so. */
async function judgeRefused(world: World): Promise<string[]> {
  const allowed = /^(users|auth|accounts|db)\./;
  const found = world.answers
    .filter(({ caller, ok }) => ok && strangers.includes(caller))
    .map(({ name }) => `refused: ${name} was carried out`);
  for (const caller of strangers)
    for (const name of world.written.get(caller) ?? [])
      if (!allowed.test(name)) found.push(`refused: wrote ${name}`);
  const traces = await world.sql(
    `SELECT 1 FROM audit_logs a JOIN users u ON u.id = a.actor_user_id WHERE u.subject <> 'host'`,
  );
  if (traces.length > 0) found.push("refused: is in the audit log as an actor");
  return found;
}
