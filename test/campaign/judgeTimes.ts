import type { Scene } from "./people.ts";
import type { World } from "./world.ts";

interface Happened {
  recording_id: string;
  type: string;
  at: number;
}

const history = `SELECT recording_id, type, (extract(epoch FROM at) * 1000)::float8 AS at FROM meeting_events
  WHERE recording_id IS NOT NULL AND meeting_id = $1 ORDER BY at, id`;

/** What a lease that a dead server holds, faults and slow looks may add, ms. */
const grace = 4 * 60_000;
/** What each stage may take by its own promise, ms. */
const limits = { starting: 60_000 + grace, stopping: 2 * 3_600_000 + grace, taking: 8 * 60_000 };

/** No recording waits longer than promised, however often servers died. */
export async function judgeTimes(world: World, { meetingId }: Scene): Promise<string[]> {
  const rows = await world.sql<Happened & Record<string, unknown>>(history, [meetingId]);
  const byRecording = new Map<string, Happened[]>();
  for (const row of rows)
    byRecording.set(row.recording_id, [...(byRecording.get(row.recording_id) ?? []), row]);
  const owners = await world.sql<{ file: string; recording_id: string }>(
    "SELECT file, recording_id FROM provider_files",
  );
  const listed = new Map(
    owners.map(({ file, recording_id }) => [
      recording_id,
      world.listedAt.get(file.split("/")[1] ?? ""),
    ]),
  );
  return [...byRecording].flatMap(([id, events]) => judgeOne(world, events, listed.get(id)));
}

function judgeOne({ downMs }: World, events: Happened[], listedAt: number | undefined): string[] {
  const found: string[] = [];
  const check = (what: string, fromMs: number, toMs: number, limitMs: number) => {
    const tookMs = toMs - fromMs - downMs;
    if (tookMs > limitMs) found.push(`deadline: ${what} for ${Math.round(tookMs / 1000)} s`);
  };
  for (const stage of ["starting", "stopping"] as const) {
    const index = events.findIndex(({ type }) => type === `recording_${stage}`);
    const [begin, next] = [events[index], events[index + 1]];
    if (begin && next) check(stage, begin.at, next.at, limits[stage]);
  }
  // One that was given up is looked for less and less often.
  const ready = events.find(({ type }) => type === "recording_ready");
  const wasGivenUp = events.some(({ type }) => type === "recording_failed");
  if (ready && listedAt !== undefined && !wasGivenUp)
    check("file listed, and not taken", listedAt, ready.at, limits.taking);
  return found;
}
