import { type ReadTx, statement, type Tx } from "../db/port.ts";

/** What a video provider told by webhook: a hint, in any order, any number of times, days late. */
export interface Notice {
  id: string;
  type: string;
  roomId: string | null;
  body: Record<string, unknown>;
}

const store = statement(
  "notices.store",
  `INSERT INTO provider_notices (id, type, room_id, body) VALUES ($1, $2, $3, $4::jsonb)
   ON CONFLICT (id) DO NOTHING`,
);

/** One that cannot be worked on waits, and holds up no other. */
const claim = statement<Notice>(
  "notices.claim",
  `UPDATE provider_notices SET run_at = app_now() + interval '1 minute'
   WHERE id IN (SELECT id FROM provider_notices WHERE done_at IS NULL AND run_at <= app_now()
                ORDER BY run_at LIMIT $1 FOR UPDATE SKIP LOCKED)
   RETURNING id, type, room_id AS "roomId", body`,
);

const finish = statement(
  "notices.finish",
  `UPDATE provider_notices SET done_at = app_now() WHERE id = $1`,
);

const lookSoon = statement(
  "notices.lookSoon",
  `UPDATE recordings SET deadline_at = app_now()
   WHERE room_id = $1 AND deleted_at IS NULL AND deadline_at > app_now()
     AND state IN ('starting', 'recording', 'stopping', 'processing', 'failed')`,
);

/**
 * One composite recording of a room runs at a time, and what is told of late may be one that has ended: a recording is named where
 * it is the only one without a name that was asked for before the notice came. Where there are several, order and times decide.
 */
const nameEgress = statement(
  "notices.nameEgress",
  `UPDATE recordings SET egress_id = $2 WHERE id = (
     SELECT min(r.id) FROM recordings r JOIN provider_notices n ON n.id = $3 AND r.requested_at <= n.received_at
     WHERE r.room_id = $1 AND r.egress_id IS NULL HAVING count(*) = 1)
     AND NOT EXISTS (SELECT 1 FROM recordings WHERE egress_id = $2)`,
);

const claimByEgress = statement(
  "notices.claimByEgress",
  `INSERT INTO provider_files (room_id, file, recording_id)
   SELECT r.room_id, $3, r.id FROM recordings r WHERE r.room_id = $1 AND r.egress_id = $2
   ON CONFLICT DO NOTHING`,
);

/** Of a provider's rates the one of which least is left; how much it has in all is remembered for a day. */
const askingFacts = statement<Asking>(
  "notices.asking",
  `SELECT
     EXISTS (SELECT 1 FROM provider_notices WHERE received_at > app_now() - interval '10 minutes') AS "isTold",
     (SELECT count(*)::int FROM recordings WHERE deadline_at IS NOT NULL AND site_id IS NULL
        AND CASE WHEN state = 'failed' OR deleted_at IS NOT NULL
              THEN requested_at > app_now() - interval '15 minutes'
              ELSE state IN ('starting', 'stopping', 'processing') END) AS waiting,
     (SELECT count(*)::int FROM recordings WHERE deadline_at IS NOT NULL AND site_id IS NULL
        AND state = 'recording') AS running,
     (SELECT min(per_window) FROM provider_rates WHERE resets_at > app_now() - interval '1 day') AS "perMinute",
     scarce.remaining, scarce.per_window AS "of",
     ceil(extract(epoch FROM scarce.resets_at - app_now()) * 1000)::int AS "leftMs"
   FROM (SELECT 1) one LEFT JOIN LATERAL (
     SELECT remaining, per_window, resets_at FROM provider_rates WHERE resets_at > app_now()
     ORDER BY remaining::float8 / per_window LIMIT 1) scarce ON true`,
);

const health = statement<{ untold: number; started: number }>(
  "notices.health",
  `SELECT count(*)::int AS started,
     count(*) FILTER (WHERE NOT EXISTS (
       SELECT 1 FROM provider_notices n WHERE n.room_id = r.room_id
         AND n.received_at BETWEEN r.requested_at - interval '1 minute' AND r.started_at + interval '1 minute'
     ))::int AS untold
   FROM recordings r
   WHERE r.provider = 'getstream' AND r.started_at BETWEEN app_now() - interval '1 day' AND app_now() - interval '1 minute'`,
);

/** Makes a notice durable. @returns false when it was told before */
export async function storeNotice(
  tx: Tx,
  { id, type, roomId, body }: Omit<Notice, "roomId"> & { roomId?: string },
): Promise<boolean> {
  return (await tx.run(store, [id, type, roomId ?? null, JSON.stringify(body)])) === 1;
}

/** Takes the next notices to work on. */
export function claimNotices(tx: Tx, limit: number): Promise<Notice[]> {
  return tx.all(claim, [limit]);
}

export async function finishNotice(tx: Tx, { id }: Notice): Promise<void> {
  await tx.run(finish, [id]);
}

/**
 * What a notice means for the recordings of its room: they are looked at now, and the provider's own names are kept. What the
 * provider says itself, asked by settle, decides.
 */
export async function heedNotice(tx: Tx, { id, type, roomId, body }: Notice): Promise<void> {
  if (roomId === null || !isOfRecording(type, body)) return;
  const egressId = textOf(body["egress_id"]);
  if (egressId !== undefined && type === "call.recording_started")
    await tx.run(nameEgress, [roomId, egressId, id]);
  const file = fileOf(body["call_recording"]);
  if (egressId !== undefined && file !== undefined && type === "call.recording_ready")
    await tx.run(claimByEgress, [roomId, egressId, file]);
  await tx.run(lookSoon, [roomId]);
}

/** What decides how often a provider is asked. */
export interface Asking {
  /** Notices arrive, so that less has to be asked. */
  isTold: boolean;
  /** Recordings of all nodes for which something is waited for, with those looked for again within minutes. */
  waiting: number;
  /** Recordings of all nodes that run. */
  running: number;
  /** What the provider answers in a minute, as far as it has said. */
  perMinute: number | null;
  /** What is left of the scarcest of its rates, of how much, for how long, ms; null while nothing is scarce. */
  remaining: number | null;
  of: number | null;
  leftMs: number | null;
}

const nothingKnown: Asking = {
  ...{ isTold: false, waiting: 0, running: 0, perMinute: null },
  ...{ remaining: null, of: null, leftMs: null },
};

export async function asking(tx: ReadTx): Promise<Asking> {
  return (await tx.first(askingFacts)) ?? nothingKnown;
}

/** How well the provider's webhook works, for the operator: of the recordings that started within a day, those of which it told nothing. */
export async function noticeHealth(tx: ReadTx) {
  return (await tx.first(health)) ?? { untold: 0, started: 0 };
}

const ofRecordings = new Set([
  "call.recording_started",
  "call.recording_stopped",
  "call.recording_ready",
  "call.recording_failed",
  "call.session_ended",
  "call.ended",
]);

/** Other kinds of recordings are not ours; one without a kind is a composite, as it was before there were kinds. */
function isOfRecording(type: string, body: Record<string, unknown>): boolean {
  return ofRecordings.has(type) && [undefined, "", "composite"].includes(kindOf(body));
}

const kindOf = ({ recording_type: kind }: Record<string, unknown>) =>
  kind === undefined ? undefined : String(kind);

function fileOf(recording: unknown): string | undefined {
  const { session_id, filename } = (recording ?? {}) as Record<string, unknown>;
  const [session, name] = [textOf(session_id), textOf(filename)];
  return session === undefined || name === undefined ? undefined : `${session}/${name}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= 256 ? value : undefined;
}
