import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CaptureEvent } from "../../src/media/format/events.ts";
import type { WhipPublisher } from "../../src/synth/whipPublisher.ts";
import { takeTime } from "../support/patience.ts";
import { expectWithinSecond } from "../support/quickStart.ts";
import { rowsOf } from "./support/database.ts";
import {
  getRecording,
  pauseRecording,
  type RecordingDetail,
  resumeRecording,
  startedMeeting,
  startRecording,
  stopRecording,
} from "./support/meetings.ts";
import { type Person, signIn } from "./support/person.ts";
import { isRunning, killAll } from "./support/processes.ts";
import { haveSent, mediaOf, publish } from "./support/publishing.ts";
import { darkStretches, look } from "./support/seen.ts";
import { freePort, type ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

type Victim = "server" | "rooms" | "postgres";
type Moment = "at the start" | "in the middle" | "at the stop";

/** Media that was received before a kill and may be missing, ms. */
const mayBeLostMs = 2000;
/** A stretch without a new picture is a gap from here on, ms. */
const noticeableMs = 500;

const whole = { x: 0, y: 0, width: 640, height: 360 };
const config = { quality: "360p" };

let site: Site;
let server: ServerProcess;
let port: number;
let people = 0;

beforeAll(async () => {
  site = await openSite();
  port = await freePort();
  server = await site.start({}, port);
});

afterAll(() => site.close());

interface Scene {
  host: Person;
  meetingId: string;
  publisher: WhipPublisher;
}

/** Dead rooms are noticed by their silence, ms. */
const mortal = { silenceMs: 3000 };

/** A running meeting in which one person publishes, who comes back by themselves whatever happens. */
async function openScene(options: { silenceMs?: number } = {}): Promise<Scene> {
  const host = await signIn(server.url, `host ${++people}`);
  const meetingId = await startedMeeting(host);
  const media = await mediaOf(0);
  const publishing = { media, reconnect: true, ...options };
  const publisher = await publish(server.url, host, meetingId, publishing);
  return { host, meetingId, publisher };
}

/** The publisher has noticed that the rooms it published to are gone, and sends to the new ones. */
async function isBack({ publisher }: Scene, connectionsBefore: number): Promise<void> {
  await until("the publisher is back", 90_000, () => {
    return publisher.state === "live" && publisher.stats.connections > connectionsBefore;
  });
}

/** kill -9; a killed server is started again by its operator, all others have to come back by themselves. */
async function kill(victim: Victim): Promise<number> {
  const found = await site.processes(victim);
  expect(found.length).toBeGreaterThan(0);
  const at = Date.now();
  if (victim === "server") {
    await server.kill();
    server = await site.start({}, port);
  } else await killAll(found);
  return at;
}

/** Asks again until it is answered, as a person would. */
function persistently<T>(what: string, ask: () => Promise<T>): Promise<T> {
  return eventually(`${what} is answered`, 90_000, () => ask().catch(() => undefined));
}

const hasSent = ({ publisher }: Scene, ms: number) => haveSent([publisher], ms);

/** Resolves once all is stored that came more than a second ago: the rooms may have stood still. */
async function recorderKeepsUp(recordingId: string): Promise<void> {
  const log = path.join(site.dataDir, "recordings", recordingId, "capture", "events.jsonl");
  await until("the recorder keeps up", 60_000, async () => {
    const last = (await readFile(log, "utf8")).trimEnd().split("\n").at(-1) ?? "";
    return last.endsWith("}") && Date.now() - (JSON.parse(last) as CaptureEvent).t < 1000;
  });
}

const reaches = (host: Person, recordingId: string, states: string[]) =>
  eventually(`${recordingId} is ${states.join(" or ")}`, 150_000, async () => {
    const found = await getRecording(host, recordingId).catch(() => undefined);
    return found && states.includes(found.state) ? found : undefined;
  });

/** What a recording shows, against what was sent: stretches without it, ms from its start. */
async function missingIn(
  { host, publisher }: Scene,
  recording: RecordingDetail,
  picture = whole,
): Promise<{ startMs: number; endMs: number }[]> {
  const answer = await fetch(recording.recordingUrl, {
    headers: { authorization: `Bearer ${host.token}` },
  });
  expect(answer.status).toBe(200);
  const file = path.join(path.dirname(site.dataDir), `${recording.recordingId}.mp4`);
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  const { startedAt = 0, durationMs = 0 } = recording;
  const { marks } = look(file, [picture]);
  return darkStretches(
    marks[0] ?? [],
    publisher.sentFrames,
    { startedAt, durationMs },
    noticeableMs,
  );
}

async function expectGood(scene: Scene, recording: RecordingDetail): Promise<void> {
  expect(recording.error).toBeUndefined();
  expect(recording.probe?.problems).toEqual([]);
  const { startedAt = 0, stoppedAt = 0, probe } = recording;
  expect(Math.abs((probe?.durationMs ?? 0) - (stoppedAt - startedAt))).toBeLessThanOrEqual(200);
  const open = await rowsOf(
    site.dataDir,
    `SELECT 1 FROM recordings a JOIN recordings b USING (meeting_id)
     WHERE a.id < b.id AND meeting_id = $1
       AND a.state NOT IN ('ready', 'failed') AND b.state NOT IN ('ready', 'failed')`,
    [scene.meetingId],
  );
  expect(open).toEqual([]);
}

/** Starts, kills at the moment, stops; resolves with the recording that came of it and when the kill was. */
async function recordThrough(scene: Scene, victim: Victim, moment: Moment) {
  const { host, meetingId } = scene;
  let killedAt = 0;
  const start = startRecording(host, meetingId, config).then(
    ({ recordingId }) => recordingId,
    () => undefined,
  );
  const { connections } = scene.publisher.stats;
  if (moment === "at the start") killedAt = await kill(victim);
  const acknowledged = await start;
  const recordingId =
    acknowledged ??
    (await persistently("a start", () => startRecording(host, meetingId, config))).recordingId;
  if (victim === "rooms" && moment === "at the start") await isBack(scene, connections);
  await hasSent(scene, 2500);
  if (moment === "in the middle") {
    await recorderKeepsUp(recordingId);
    killedAt = await kill(victim);
    if (victim === "rooms") await isBack(scene, connections);
    await hasSent(scene, 2500);
  }
  const stop = stopRecording(host, meetingId).catch(() => undefined);
  if (moment === "at the stop") killedAt = await kill(victim);
  if ((await stop) === undefined)
    await persistently("a stop", () => stopRecording(host, meetingId));
  const recording = await reaches(host, recordingId, ["ready", "failed"]);
  return { recording, killedAt };
}

const victims: Victim[] = ["server", "rooms", "postgres"];
const moments: Moment[] = ["at the start", "in the middle", "at the stop"];
const matrix = victims.flatMap((victim) => moments.map((moment) => [victim, moment] as const));

describe("kill -9", () => {
  it.each(matrix)("of %s %s: the recording becomes ready", async (victim, moment) => {
    const scene = await openScene(victim === "rooms" ? mortal : {});
    try {
      await hasSent(scene, 300);
      const { recording, killedAt } = await recordThrough(scene, victim, moment);
      await expectGood(scene, recording);
      const missing = await missingIn(scene, recording);
      if (victim !== "rooms") {
        expect(recording.gaps).toEqual([]);
        expect(missing).toEqual([]);
        return;
      }
      const killedMs = killedAt - (recording.startedAt ?? 0);
      for (const { startMs } of missing) expect(startMs).toBeGreaterThan(killedMs - mayBeLostMs);
      if (moment !== "in the middle") return;
      expect(missing).toHaveLength(1);
      const [{ startMs, endMs } = { startMs: 0, endMs: 0 }] = missing;
      const listed = recording.gaps.filter((gap) => {
        return gap.startMs <= startMs + noticeableMs && gap.endMs >= endMs - noticeableMs;
      });
      expect({ gaps: listed, missing }).toEqual({ gaps: recording.gaps, missing });
      expect(listed).toHaveLength(1);
    } finally {
      await scene.publisher.close();
    }
  });

  it.each(["server", "rooms"] as const)(
    "of %s in a pause: it is still paused, and goes on in the same file",
    async (victim) => {
      const scene = await openScene(victim === "rooms" ? mortal : {});
      const { host, meetingId } = scene;
      try {
        await hasSent(scene, 300);
        const { recordingId } = await startRecording(host, meetingId, config);
        await hasSent(scene, 2500);
        const { pausedAt } = await pauseRecording(host, recordingId);
        const { connections } = scene.publisher.stats;
        await kill(victim);
        if (victim === "rooms") await isBack(scene, connections);
        await hasSent(scene, 1500);
        expect(await getRecording(host, recordingId)).toMatchObject({
          state: "recording",
          pausedAt,
        });
        await persistently("a resume", () => resumeRecording(host, recordingId));
        await hasSent(scene, 2500);
        await stopRecording(host, meetingId);
        const recording = await reaches(host, recordingId, ["ready", "failed"]);
        expect(recording).toMatchObject({
          state: "ready",
          gaps: [],
          pauses: [{ startedAt: pausedAt }],
        });
        const { startedAt = 0, stoppedAt = 0, durationMs = 0, pauses, probe } = recording;
        expect(pauses).toHaveLength(1);
        expect(durationMs).toBe(stoppedAt - startedAt - (pauses[0]?.durationMs ?? 0));
        expect(probe?.problems).toEqual([]);
        expect(Math.abs((probe?.durationMs ?? 0) - durationMs)).toBeLessThanOrEqual(200);
      } finally {
        await scene.publisher.close();
      }
    },
  );

  it("of rooms: they are back within a second", async () => {
    const [before] = await site.processes("rooms");
    await expectWithinSecond(async () => {
      await kill("rooms");
      await until("other rooms answer", 60_000, async () => {
        const text = await (await fetch(`${server.url}/metrics`)).text();
        return text.includes('connvo_rooms{measure="uptimeSeconds"}');
      });
    });
    const [after] = await site.processes("rooms");
    expect(after?.pid).not.toBe(before?.pid);
  });

  it("of everything at once: the recording goes on with the next start", async () => {
    const scene = await openScene(mortal);
    try {
      const { recordingId } = await startRecording(scene.host, scene.meetingId, config);
      await hasSent(scene, 2500);
      const { connections } = scene.publisher.stats;
      await killAll(await site.processes());
      server = await site.start({}, port);
      await isBack(scene, connections);
      await hasSent(scene, 2000);
      expect(await startRecording(scene.host, scene.meetingId, config)).toMatchObject({
        recordingId,
      });
      await stopRecording(scene.host, scene.meetingId);
      const recording = await reaches(scene.host, recordingId, ["ready", "failed"]);
      await expectGood(scene, recording);
      expect(recording.gaps.length).toBeGreaterThan(0);
    } finally {
      await scene.publisher.close();
    }
  });

  it("of rooms before anybody published: it fails and says why", async () => {
    const host = await signIn(server.url, `host ${++people}`);
    const meetingId = await startedMeeting(host);
    const { recordingId } = await startRecording(host, meetingId);
    await kill("rooms");
    await persistently("a stop", () => stopRecording(host, meetingId));
    const recording = await reaches(host, recordingId, ["ready", "failed"]);
    expect(recording).toMatchObject({ state: "failed", error: { code: "no_media" } });
  });
});

describe("a server that is stopped by its operator", () => {
  it("leaves running recordings to its rooms, and the next server goes on with them", async () => {
    const scene = await openScene();
    try {
      const { recordingId } = await startRecording(scene.host, scene.meetingId, config);
      await hasSent(scene, 1500);
      const rooms = await site.processes("rooms");
      expect(await server.stop()).toBe(0);
      await until("only its rooms are left", 60_000, async () => {
        const left = (await site.processes()).map(({ pid }) => pid);
        return String(left) === String(rooms.map(({ pid }) => pid));
      });
      await hasSent(scene, 1500);
      server = await site.start({}, port);
      expect(server.output()).toContain("room process adopted");
      expect((await getRecording(scene.host, recordingId)).state).toBe("recording");
      await stopRecording(scene.host, scene.meetingId);
      const recording = await reaches(scene.host, recordingId, ["ready", "failed"]);
      await expectGood(scene, recording);
      expect(recording.gaps).toEqual([]);
      expect(await missingIn(scene, recording)).toEqual([]);
      expect(scene.publisher.stats.connections).toBe(1);
    } finally {
      await scene.publisher.close();
    }
  });
});

describe("kill -9 of the composer", () => {
  /** Composed for seconds, so that a composer is seen at work. */
  async function recorded() {
    const scene = await openScene();
    const quality = "720p";
    const { recordingId } = await startRecording(scene.host, scene.meetingId, { quality });
    await hasSent(scene, 8000);
    await stopRecording(scene.host, scene.meetingId);
    await scene.publisher.close();
    return { scene, recordingId };
  }

  /** Ids of those at work, once there are some. */
  const composers = () =>
    eventually("a composer runs", 90_000, async () => {
      const found = await site.processes("composer");
      return found.length > 0 ? found : undefined;
    });

  it("once and again: it is composed all the same", async () => {
    const { scene, recordingId } = await recorded();
    for (let count = 0; count < 2; count++) {
      const victims = await composers();
      await killAll(victims);
      for (const { pid } of victims)
        await until("it is gone", 60_000, async () => !(await isRunning(pid)));
    }
    const recording = await reaches(scene.host, recordingId, ["ready", "failed"]);
    await expectGood(scene, recording);
    const picture = { x: 0, y: 0, width: 1280, height: 720 };
    expect(await missingIn(scene, recording, picture)).toEqual([]);
  });

  it("with its server: no composer is left, and the next server composes", async () => {
    const { scene, recordingId } = await recorded();
    const orphans = await composers();
    await server.kill();
    for (const { pid } of orphans)
      await until("the orphan has left", 60_000, async () => !(await isRunning(pid)));
    server = await site.start({}, port);
    const recording = await reaches(scene.host, recordingId, ["ready", "failed"]);
    await expectGood(scene, recording);
  });
});

describe("after all that", () => {
  it("nothing is open, nothing acknowledged is lost", async () => {
    const rows = await rowsOf<{ state: string; count: string }>(
      site.dataDir,
      "SELECT state, count(*) FROM recordings GROUP BY state ORDER BY state",
    );
    expect(rows.map(({ state }) => state).filter((state) => state !== "failed")).toEqual(["ready"]);
    const failures = await rowsOf<{ code: string }>(
      site.dataDir,
      "SELECT error_code AS code FROM recordings WHERE state = 'failed'",
    );
    for (const { code } of failures) expect(["no_media", "never_started"]).toContain(code);
  });
});
