import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Identity } from "../../src/auth/identity.ts";
import type { CampaignDatabase } from "./database.ts";
import { findings, orphans } from "./judge.ts";
import { Node, type Plant } from "./node.ts";
import { host, identityOf, openScene, type Scene } from "./people.ts";
import type { RefusedCall, Schedule, Step } from "./schedule.ts";
import { inside } from "./virtualTime.ts";
import { World } from "./world.ts";

/** What came of a schedule. */
export interface Verdict {
  /** What was promised and is not so; empty when all is well. */
  findings: string[];
  /** How often servers were killed, by the point. */
  crashes: Record<string, number>;
  /** Recordings by the state they ended in. */
  ended: Record<string, number>;
  /** What happened, in order. */
  log: string[];
}

/** By then a recording that nobody owns any more is stopped, after the last step, ms. */
const ownedWithinMs = 8 * 60_000;
/** Stream keeps files for two weeks; then nothing is waited for. */
const longestMs = 16 * 24 * 3_600_000;

/** Files of tests are no load for a disk where memory can be had. */
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Plays a schedule to its end and judges it. */
export async function play(
  schedule: Schedule,
  { db, sql, clear }: CampaignDatabase,
  plant: Plant = {},
): Promise<Verdict> {
  await clear();
  const root = await mkdtemp(path.join(scratch, "connvo-campaign-"));
  const world = new World(schedule, { db, sql, root });
  try {
    const scene = await openScene(world);
    startNodes(world, plant);
    const lastStep = planSteps(world, scene);
    await drive(world, lastStep);
    await drive(world, world.time.now + ownedWithinMs + world.downMs);
    const found = await orphans(world);
    await endMeeting(world, scene);
    await drive(world, world.time.now + longestMs, () => isSettled(world));
    found.push(...(await findings(world, scene)));
    const states = await sql<{ state: string }>("SELECT state FROM recordings");
    return {
      findings: found,
      crashes: Object.fromEntries(world.crashes),
      ended: tally(states.map(({ state }) => state)),
      log: world.log,
    };
  } finally {
    for (const node of world.nodes) node.kill();
    await world.idle();
    await rm(root, { recursive: true, force: true });
  }
}

const tally = (names: string[]) => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

function startNodes(world: World, plant: Plant): void {
  for (let count = 0; count < world.schedule.nodes; count++)
    world.nodes.push(new Node(world, plant));
  world.onCrash((node, downMs) => {
    node.kill();
    world.downMs += downMs;
    inside.exit(() =>
      world.time.at(world.time.now + downMs, () => {
        world.nodes.splice(world.nodes.indexOf(node), 1, new Node(world, plant));
      }),
    );
  });
}

/** @returns when the last one happens, epoch ms */
function planSteps(world: World, scene: Scene): number {
  let at = world.time.now;
  for (const step of world.schedule.steps) {
    at += step.afterMs;
    world.time.at(at, () => void take(world, scene, step));
  }
  return at;
}

/** Time goes from one event to the next until that time, or until it is enough. */
export async function drive(
  world: World,
  untilMs: number,
  isEnough: () => Promise<boolean> = async () => false,
): Promise<void> {
  for (;;) {
    await world.idle();
    const timer = world.time.next ?? Number.POSITIVE_INFINITY;
    const loop = await world.loops.next();
    const atMs = Math.min(timer, loop?.atMs ?? Number.POSITIVE_INFINITY);
    const pauses = atMs - world.time.now > 5_000;
    if (atMs > untilMs || (pauses && (await isEnough()))) {
      if (Number.isFinite(untilMs) && atMs > untilMs) world.time.advance(untilMs);
      return;
    }
    if (timer <= atMs) world.time.advance(atMs);
    else {
      world.time.advance(atMs);
      loop?.wake();
    }
  }
}

async function take(world: World, scene: Scene, step: Step): Promise<void> {
  world.tell(JSON.stringify(step));
  const { calls, faults } = world.stream;
  const { meetingId, hostId } = scene;
  const call = () => calls.get(meetingId);
  switch (step.do) {
    case "start": {
      const recordingConfig = { audioOnly: step.audioOnly };
      return asHost(world, step.times, "meetings/stream/index:startRecording", {
        ...{ meetingId, recordingConfig },
      });
    }
    case "stop":
      return asHost(world, step.times, "meetings/stream/index:stopRecording", { meetingId });
    case "delete": {
      const recordingId = await newest(world);
      if (recordingId === undefined) return;
      return asHost(world, step.times, "recordings/mutations:deleteRecording", { recordingId });
    }
    case "endMeeting":
      return asHost(world, 1, "meetings/lifecycle:endMeeting", { meetingId });
    case "refused":
      return ask(world, identityOf(step.who), ...(await refusedCall(world, scene, step.what)));
    case "leave":
      calls.leave(meetingId, hostId);
      return calls.endSession(meetingId);
    case "join":
      if (call().endedAt === null && !call().session?.participants.length)
        calls.join(meetingId, hostId);
      return;
    case "loseCapture": {
      const { capture } = call();
      if (capture) world.lost.add(capture.egressId);
      return calls.loseCapture(meetingId);
    }
    case "fault": {
      const { fault, operation, times } = step;
      const resetAt =
        fault.kind === "rateLimit"
          ? world.time.now + world.schedule.stream.aheadMs + fault.resetAt
          : 0;
      return faults.add(
        operation,
        fault.kind === "rateLimit" ? { ...fault, resetAt } : fault,
        times,
      );
    }
    case "crashAt":
      return world.arm(step);
    case "kill":
      return killOne(world, step.downMs);
    case "nothing":
      return;
    default:
      return step satisfies never;
  }
}

async function asHost(world: World, times: number, name: string, args: object): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => ask(world, host, name, args)));
}

/** Of any server; nobody is answered where none is. */
async function ask(world: World, identity: Identity, name: string, args: object): Promise<void> {
  const node = world.turn(
    "asked",
    world.nodes.filter(({ isDead }) => !isDead),
  ) as Node | undefined;
  if (!node) return;
  const caller = identity.kind === "user" ? identity.subject : identity.kind;
  const outcome = await node.call(identity, name, { ...args });
  const value: unknown = outcome.ok ? JSON.parse(outcome.json) : outcome.failure;
  world.tell(`${caller} was answered ${JSON.stringify(value)}`);
  world.answers.push({ caller, name, ok: outcome.ok, value });
}

async function refusedCall(
  world: World,
  { meetingId }: Scene,
  what: RefusedCall,
): Promise<[string, object]> {
  if (what === "delete") {
    const recordingId = (await newest(world)) ?? "recording_01jd0000000000000000000000";
    return ["recordings/mutations:deleteRecording", { recordingId }];
  }
  if (what === "endMeeting") return ["meetings/lifecycle:endMeeting", { meetingId }];
  return [`meetings/stream/index:${what}Recording`, { meetingId }];
}

async function newest({ sql }: World): Promise<string | undefined> {
  const [row] = await sql<{ id: string }>("SELECT id FROM recordings ORDER BY id DESC LIMIT 1");
  return row?.id;
}

function killOne(world: World, downMs: number): void {
  const node = world.nodes.find(({ isDead }) => !isDead);
  if (node) world.kill(node, "at any time", downMs);
}

/** From here on nothing more goes wrong; whoever was down is up again soon. */
async function endMeeting(world: World, { meetingId }: Scene): Promise<void> {
  world.stream.faults.clear();
  world.isHealed = true;
  for (let tries = 0; tries < 10; tries++) {
    await drive(world, world.time.now + 30_000);
    void asHost(world, 1, "meetings/lifecycle:endMeeting", { meetingId });
    await drive(world, world.time.now + 30_000);
    const [row] = await world.sql<{ state: string }>("SELECT state FROM meetings WHERE id = $1", [
      meetingId,
    ]);
    if (row?.state === "concluded") return;
  }
  throw new Error("the meeting could not be ended");
}

const unsettled = `SELECT
  (SELECT count(*) FROM recordings WHERE deleted_at IS NULL AND state NOT IN ('ready', 'failed'))
  + (SELECT count(*) FROM recordings WHERE deleted_at IS NOT NULL AND deadline_at IS NOT NULL)
  + (SELECT count(*) FROM renditions WHERE state IN ('queued', 'composing'))
  + (SELECT count(*) FROM webhook_deliveries WHERE state = 'pending')
  + (SELECT count(*) FROM provider_notices WHERE done_at IS NULL) AS count`;

/** Nothing is waited for, here or at Stream. */
async function isSettled(world: World): Promise<boolean> {
  const [row] = await world.sql<{ count: string }>(unsettled);
  if (row?.count !== "0") return false;
  const files = await world.sql<{ file: string }>(
    `SELECT f.file FROM provider_files f JOIN recordings r ON r.id = f.recording_id WHERE r.state = 'ready'`,
  );
  const owned = new Set(files.map(({ file }) => file));
  return world
    .calls()
    .every(
      ({ capture, processing, files: listed }) =>
        capture === null &&
        processing.length === 0 &&
        listed.every(({ sessionId, filename }) => owned.has(`${sessionId}/${filename}`)),
    );
}
