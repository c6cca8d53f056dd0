import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { orThrow } from "../../../src/core/result.ts";
import type { CaptureEvent } from "../../../src/media/format/log/events.ts";
import type { Health } from "../../../src/rooms/contract/protocol.ts";
import {
  type SubscriberOptions,
  WhepSubscriber,
} from "../../../src/synth/transport/whepSubscriber.ts";
import { ControlClient } from "../../../src/video/embedded/client.ts";
import { type EmbeddedVideoOptions, roomSettings } from "../../../src/video/embedded/options.ts";
import { roomPaths } from "../../../src/video/embedded/paths.ts";
import { EmbeddedVideoProvider } from "../../../src/video/embedded/provider.ts";
import type { VerifiedGrant } from "../../../src/video/embedded/roomTokens.ts";
import type { ProviderRecording, RecordingRef, RoomRole } from "../../../src/video/port.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { patience } from "../../support/patience.ts";
import { gone } from "./liveProcess.ts";
import { MiniPublisher, type MiniPublisherOptions } from "./miniPublisher.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Bundles the room process, below the project so that it finds its native library. */
export async function buildRoomProcess(): Promise<{ entry: string; remove: () => Promise<void> }> {
  const dir = path.join(root, "node_modules", ".cache", `rooms-${randomUUID()}`);
  await mkdir(dir, { recursive: true });
  const entry = path.join(dir, "roomProcess.mjs");
  await build({
    entryPoints: [path.join(root, "src/rooms/process.ts")],
    outfile: entry,
    bundle: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20.19",
    logLevel: "error",
  });
  return { entry, remove: () => rm(dir, { recursive: true, force: true }) };
}

interface SubscribeAs extends Partial<Omit<SubscriberOptions, "name" | "post">> {
  role?: RoomRole;
  target?: { userId: string; source: "camera" | "screen" };
  client?: string;
}

export type Sealed = Extract<ProviderRecording, { status: "sealed" }>;

/** Nobody is given up because this machine stands still; a test about that passes limits of its own. */
const patientLimits = {
  pendingMs: 60_000,
  silenceMs: 60_000,
  subscriberSilenceMs: 60_000,
} as const;

/** Providers, publishers and the room process of one test, in a folder of their own. */
export class RoomHarness {
  readonly dataDir: string;
  readonly roomId = "room_1";
  readonly meetingId = "meeting_1";
  #entry: string;
  #providers: EmbeddedVideoProvider[] = [];
  #publishers: MiniPublisher[] = [];
  #subscribers: WhepSubscriber[] = [];
  #client: ControlClient;

  private constructor(dataDir: string, entry: string) {
    this.dataDir = dataDir;
    this.#entry = entry;
    this.#client = new ControlClient(roomPaths(dataDir).socketPath, systemClock);
  }

  static async create(entry: string): Promise<RoomHarness> {
    return new RoomHarness(await scratchFolder("connvo-rooms-"), entry);
  }

  get paths() {
    return roomPaths(this.dataDir);
  }

  captureDir(recordingId: string): string {
    return path.join(this.dataDir, "recordings", recordingId, "capture");
  }

  /** After how long servers give people up. */
  get usualLimits() {
    const { pendingMs, silenceMs, subscriberSilenceMs } = roomSettings(this.#options, this.paths);
    return { pendingMs, silenceMs, subscriberSilenceMs };
  }

  /** A provider as one server has it, not started. */
  provider(options: Partial<EmbeddedVideoOptions> = {}): EmbeddedVideoProvider {
    const provider = new EmbeddedVideoProvider({
      ...this.#options,
      ...patientLimits,
      ...options,
    });
    this.#providers.push(provider);
    return provider;
  }

  async started(options: Partial<EmbeddedVideoOptions> = {}): Promise<EmbeddedVideoProvider> {
    const provider = this.provider(options);
    await provider.start();
    return provider;
  }

  health(): Promise<Health> {
    const limits = { patienceMs: 0, timeoutMs: patience.timeout };
    return this.#client.call("health", {}, limits);
  }

  /** kill -9. Resolves with the pid that was killed. */
  async killRooms(): Promise<number> {
    const { pid } = await this.health();
    process.kill(pid, "SIGKILL");
    return pid;
  }

  /** Resolves once another room process than `killed` answers. */
  async nextRooms(killed: number): Promise<void> {
    await vi.waitFor(async () => expect((await this.health()).pid).not.toBe(killed), patience);
  }

  /** Resolves once the room process has logged an entry with these fields. */
  async logged(fields: Record<string, unknown>): Promise<void> {
    await vi.waitFor(async () => {
      const lines = (await readFile(this.paths.logFile, "utf8")).trimEnd().split("\n");
      const entries = lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line));
      expect(entries).toContainEqual(expect.objectContaining(fields));
    }, patience);
  }

  /** What the capture's log holds so far. */
  async events(recordingId = "recording_1"): Promise<CaptureEvent[]> {
    const file = path.join(this.captureDir(recordingId), "events.jsonl");
    const text = await readFile(file, "utf8");
    const lines = text.slice(0, text.lastIndexOf("\n")).split("\n");
    return lines.map((line) => JSON.parse(line) as CaptureEvent);
  }

  /** Resolves once all is stored that came more than a second ago: the recorder may have stood still. */
  async recorderKeepsUp(recordingId = "recording_1"): Promise<void> {
    await vi.waitFor(async () => {
      const last = (await this.events(recordingId)).at(-1);
      expect(Date.now() - (last?.t ?? 0)).toBeLessThan(1000);
    }, patience);
  }

  /** Stops a recording and asks again until it is sealed, which a slow disk delays. */
  seal(provider: EmbeddedVideoProvider, recording: RecordingRef): Promise<Sealed> {
    return vi.waitFor(async () => {
      const end = await provider.stopRecording(recording);
      expect(end.status).toBe("sealed");
      return end as Sealed;
    }, patience);
  }

  async grant(
    provider: EmbeddedVideoProvider,
    userId: string,
    role: RoomRole = "participant",
    maxParticipants = 8,
  ): Promise<VerifiedGrant> {
    const { roomId, meetingId } = this;
    const user = { id: userId, name: `Name of ${userId}` };
    const { token } = await provider.token({ roomId, meetingId, user, role, maxParticipants });
    return orThrow(await provider.verifyToken(token, roomId));
  }

  publisher(name: string, options: MiniPublisherOptions = {}): MiniPublisher {
    const publisher = new MiniPublisher(name, options);
    this.#publishers.push(publisher);
    return publisher;
  }

  /** Publishes as `userId` and sends media. */
  async publish(
    provider: EmbeddedVideoProvider,
    userId: string,
    { source = "camera", ...options }: MiniPublisherOptions & { source?: "camera" | "screen" } = {},
  ): Promise<{ publisher: MiniPublisher; grant: VerifiedGrant; sessionId: string }> {
    const publisher = this.publisher(userId, options);
    const grant = await this.grant(provider, userId);
    let sessionId = "";
    await publisher.publish(async (offer) => {
      const answer = await provider.publish(grant, offer, { source });
      sessionId = answer.sessionId;
      return answer.answer;
    });
    publisher.run();
    return { publisher, grant, sessionId };
  }

  /** Watches the room as `userId`. */
  async subscribe(
    provider: EmbeddedVideoProvider,
    userId: string,
    { role, target, client, ...options }: SubscribeAs = {},
  ): Promise<WhepSubscriber> {
    const grant = await this.grant(provider, userId, role);
    const subscriber = await WhepSubscriber.connect({
      name: `watch-${userId}`,
      timeoutMs: patience.timeout,
      post: async (offer) => {
        const { answer, sessionId } = await provider.subscribe(grant, offer, { target, client });
        return { answer, delete: () => provider.unsubscribe(grant, sessionId) };
      },
      ...options,
    });
    this.#subscribers.push(subscriber);
    return subscriber;
  }

  get #options(): EmbeddedVideoOptions {
    return {
      dataDir: this.dataDir,
      entry: this.#entry,
      rtcPort: 0,
      bindAddress: "127.0.0.1",
      diskFloorBytes: 0,
      clock: systemClock,
      log: silentLog,
    };
  }

  async close(): Promise<void> {
    for (const subscriber of this.#subscribers) subscriber.release();
    for (const publisher of this.#publishers) publisher.stop();
    for (const provider of this.#providers) await provider.close();
    const killed = await this.killRooms().catch(() => undefined);
    if (killed !== undefined) await gone(killed);
    this.#client.close();
  }
}
