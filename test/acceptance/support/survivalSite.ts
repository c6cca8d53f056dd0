import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import type { CaptureEvent } from "../../../src/media/format/log/events.ts";
import type { WhipPublisher } from "../../../src/synth/transport/whipPublisher.ts";
import { rowsOf } from "./database.ts";
import { getRecording, type RecordingDetail, startedMeeting } from "./meetings.ts";
import { type Person, signIn } from "./person.ts";
import { killAll } from "./processes.ts";
import { haveSent, mediaOf, publish } from "./publishing.ts";
import { darkStretches, look } from "./seen.ts";
import { freePort, type ServerProcess } from "./server.ts";
import { openSite, type Site } from "./site.ts";
import { eventually, until } from "./until.ts";

export type Victim = "server" | "rooms" | "postgres";

/** A stretch without a new picture is a gap from here on, ms. */
export const noticeableMs = 500;

const whole = { x: 0, y: 0, width: 640, height: 360 };

/** A meeting that is recorded, and who can be seen in it. */
export interface Scene {
  host: Person;
  meetingId: string;
  publisher: WhipPublisher;
}

/** Dead rooms are noticed by their silence, ms. */
export const mortal = { silenceMs: 3000 };

/** A site whose processes are killed; its server comes back at the same address. */
export class SurvivalSite {
  readonly site: Site;
  server: ServerProcess;
  readonly #port: number;
  #people = 0;

  private constructor(site: Site, server: ServerProcess, port: number) {
    this.site = site;
    this.server = server;
    this.#port = port;
  }

  static async open(): Promise<SurvivalSite> {
    const site = await openSite();
    const port = await freePort();
    return new SurvivalSite(site, await site.start({}, port), port);
  }

  close(): Promise<void> {
    return this.site.close();
  }

  /** Starts the server again, as its operator does. */
  async restart(): Promise<void> {
    this.server = await this.site.start({}, this.#port);
  }

  signIn(): Promise<Person> {
    return signIn(this.server.url, `host ${++this.#people}`);
  }

  /** A running meeting in which one person publishes, who comes back by themselves whatever happens. */
  async openScene(options: { silenceMs?: number } = {}): Promise<Scene> {
    const host = await this.signIn();
    const meetingId = await startedMeeting(host);
    const media = await mediaOf(0);
    const publishing = { media, reconnect: true, ...options };
    const publisher = await publish(this.server.url, host, meetingId, publishing);
    return { host, meetingId, publisher };
  }

  /**
   * kill -9; a killed server is started again by its operator, all others have to come back by themselves.
   * @returns when that was, epoch ms
   */
  async kill(victim: Victim): Promise<number> {
    const found = await this.site.processes(victim);
    expect(found.length).toBeGreaterThan(0);
    const at = Date.now();
    if (victim === "server") {
      await this.server.kill();
      await this.restart();
    } else await killAll(found);
    return at;
  }

  /** Resolves once all is stored that came more than a second ago: the rooms may have stood still. */
  async recorderKeepsUp(recordingId: string): Promise<void> {
    const log = path.join(this.site.dataDir, "recordings", recordingId, "capture", "events.jsonl");
    await until("the recorder keeps up", 60_000, async () => {
      const last = (await readFile(log, "utf8")).trimEnd().split("\n").at(-1) ?? "";
      return last.endsWith("}") && Date.now() - (JSON.parse(last) as CaptureEvent).t < 1000;
    });
  }

  /** What a recording shows, against what was sent: stretches without it, ms from its start. */
  async missingIn(
    { host, publisher }: Scene,
    recording: RecordingDetail,
    picture = whole,
  ): Promise<{ startMs: number; endMs: number }[]> {
    const answer = await fetch(recording.recordingUrl, {
      headers: { authorization: `Bearer ${host.token}` },
    });
    expect(answer.status).toBe(200);
    const file = path.join(path.dirname(this.site.dataDir), `${recording.recordingId}.mp4`);
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

  /** A whole file, and the only recording that was open in its meeting. */
  async expectGood(scene: Scene, recording: RecordingDetail): Promise<void> {
    expect(recording.error).toBeUndefined();
    expect(recording.probe?.problems).toEqual([]);
    const { startedAt = 0, stoppedAt = 0, probe } = recording;
    expect(Math.abs((probe?.durationMs ?? 0) - (stoppedAt - startedAt))).toBeLessThanOrEqual(200);
    const open = await rowsOf(
      this.site.dataDir,
      `SELECT 1 FROM recordings a JOIN recordings b USING (meeting_id)
       WHERE a.id < b.id AND meeting_id = $1
         AND a.state NOT IN ('ready', 'failed') AND b.state NOT IN ('ready', 'failed')`,
      [scene.meetingId],
    );
    expect(open).toEqual([]);
  }

  /** Of all recordings that there were. */
  async expectNothingLost(): Promise<void> {
    const rows = await rowsOf<{ state: string; code: string | null }>(
      this.site.dataDir,
      "SELECT state, error_code AS code FROM recordings",
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { state, code } of rows) {
      expect(["ready", "failed"]).toContain(state);
      if (state === "failed") expect(["no_media", "never_started"]).toContain(code);
    }
  }
}

/** The publisher has noticed that the rooms it published to are gone, and sends to the new ones. */
export async function isBack({ publisher }: Scene, connectionsBefore: number): Promise<void> {
  await until("the publisher is back", 90_000, () => {
    return publisher.state === "live" && publisher.stats.connections > connectionsBefore;
  });
}

/** Asks again until it is answered, as a person would. */
export function persistently<T>(what: string, ask: () => Promise<T>): Promise<T> {
  return eventually(`${what} is answered`, 90_000, () => ask().catch(() => undefined));
}

/** Waits until so much more has been sent, ms. */
export const hasSent = ({ publisher }: Scene, ms: number) => haveSent([publisher], ms);

/** Waits until a recording is over, and resolves with it. */
export const hasEnded = (host: Person, recordingId: string) =>
  eventually(`${recordingId} is ready or failed`, 150_000, async () => {
    const found = await getRecording(host, recordingId).catch(() => undefined);
    return found && ["ready", "failed"].includes(found.state) ? found : undefined;
  });
