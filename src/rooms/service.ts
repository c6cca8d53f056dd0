import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Uptime } from "../media/format/log/captureFolder.ts";
import { Captures } from "./capture/captures.ts";
import type { RequestOf } from "./contract/operations.ts";
import { controlProtocol, type RoomStats } from "./contract/protocol.ts";
import type { RoomProcessSettings } from "./contract/settings.ts";
import { settingsDigest } from "./contract/settings.ts";
import type { ControlHandlers } from "./control/server.ts";
import { loadState, StateFile } from "./control/stateFile.ts";
import type { PeerFactory } from "./peer/peer.ts";
import { PresenceBook } from "./presence/presenceBook.ts";
import { Revocations } from "./presence/revocations.ts";
import { Rooms } from "./rooms.ts";

export interface RoomServiceDeps {
  clock: Clock;
  /** Monotonic ms. */
  now: () => number;
  /** How long this machine has been up. */
  uptime?: () => Uptime | undefined;
  log: Log;
  peers: PeerFactory;
  freeBytes: () => Promise<number>;
  newId: () => string;
  random32: () => number;
  /** How late timers were since the last call, ms. */
  eventLoopDelay: () => { p99: number; max: number };
  shutdown: () => void;
}

/** A longer pause between ticks means that this process, not the publishers, stood still. */
const stallMs = 1000;
/** Half of the time after which a lost packet is asked for again; the first request does not wait for a tick. */
const busyTickMs = 40;
const idleTickMs = 250;

/** Rooms, captures and their memory: all of the room process but its transports and signals. */
export class RoomService {
  #settings: RoomProcessSettings;
  #deps: RoomServiceDeps;
  #presence: PresenceBook;
  #revocations: Revocations;
  #rooms: Rooms;
  #captures: Captures;
  #state: StateFile;
  #instance: string;
  #contactedAt: number;
  #tickedAt: number;
  #startedAt: number;

  static async create(settings: RoomProcessSettings, deps: RoomServiceDeps): Promise<RoomService> {
    const saved = await loadState(settings.stateDir, deps.log);
    return new RoomService(settings, deps, {
      presence: new PresenceBook(saved.presence, deps.clock.now),
      revocations: new Revocations(saved.cutoffs, deps.clock.now),
    });
  }

  private constructor(
    settings: RoomProcessSettings,
    deps: RoomServiceDeps,
    memory: { presence: PresenceBook; revocations: Revocations },
  ) {
    this.#settings = settings;
    this.#deps = deps;
    this.#presence = memory.presence;
    this.#revocations = memory.revocations;
    const { publicAddress, ...options } = settings;
    const reachable = publicAddress === undefined ? options : { ...options, publicAddress };
    this.#rooms = new Rooms(reachable, { ...deps, ...memory });
    this.#captures = new Captures(settings, deps, (roomId) => this.#rooms.open(roomId));
    this.#state = new StateFile(settings.stateDir, () => this.#saved(), deps.log);
    this.#presence.onChange(() => this.#state.saveSoon());
    this.#instance = deps.newId();
    this.#contactedAt = this.#tickedAt = this.#startedAt = deps.now();
  }

  /** Continues captures of a dead process. */
  resume(): Promise<void> {
    return this.#captures.recover();
  }

  /** Repeats feedback, notices silence, enforces limits; returns how long to wait for the next call, ms. */
  tick(): number {
    const now = this.#deps.now();
    const pause = now - this.#tickedAt;
    this.#tickedAt = now;
    if (pause > stallMs) this.#rooms.forgive(pause);
    this.#rooms.tick(now);
    this.#captures.tick(now);
    return this.#idle ? idleTickMs : busyTickMs;
  }

  /** Nobody has needed this process for the configured time. */
  get abandoned(): boolean {
    return this.#idle && this.#deps.now() - this.#contactedAt >= this.#settings.idleExitMs;
  }

  /** Leaves: open captures are made durable for the next process, media is closed. */
  async stop(): Promise<void> {
    await this.#captures.suspend();
    this.#rooms.close("shutdown");
    await this.#state.save();
  }

  get handlers(): ControlHandlers {
    const { shutdown } = this.#deps;
    return {
      contacted: () => {
        this.#contactedAt = this.#deps.now();
      },
      health: () => ({
        protocol: controlProtocol,
        pid: process.pid,
        instance: this.#instance,
        settings: settingsDigest(this.#settings),
        idle: this.#idle,
      }),
      stats: () => this.#stats(),
      publish: async (request) => {
        // Whatever is seen of somebody from now on is captured too.
        await this.#captures.ready;
        return this.#rooms.publish(request);
      },
      unpublish: (request) => this.#end(this.#session("whip", request), "unpublished"),
      subscribe: (request) => this.#rooms.subscribe(request),
      unsubscribe: (request) => this.#end(this.#session("whep", request), "unsubscribed"),
      hasSession: (request) => ({
        found: (["whip", "whep"] as const).some((protocol) => this.#session(protocol, request)),
      }),
      clientUfrag: (request) => ({ ufrag: this.#session(request.protocol, request)?.clientUfrag }),
      removeParticipant: ({ roomId, userId }) => this.#remove(roomId, userId),
      closeRoom: ({ roomId }) => this.#closeRoom(roomId),
      startCapture: (request) => this.#captures.start(request),
      stopCapture: ({ recordingId, reason }) => this.#captures.stop(recordingId, reason),
      pauseCapture: ({ recordingId }) => this.#captures.pause(recordingId),
      resumeCapture: ({ recordingId }) => this.#captures.resume(recordingId),
      captureState: ({ recordingId }) => this.#captures.state(recordingId),
      removeCapture: ({ recordingId }) => this.#captures.remove(recordingId),
      watchPresence: (send) => {
        send({ type: "snapshot", entries: this.#presence.entries });
        return this.#presence.onChange((entry) => send({ type: "change", entry }));
      },
      shutdown,
    };
  }

  get #idle(): boolean {
    return this.#rooms.sessions + this.#captures.size === 0;
  }

  /** A session to publish (WHIP) or to watch (WHEP), if it is this user's. */
  #session(protocol: "whip" | "whep", { roomId, userId, sessionId }: RequestOf<"hasSession">) {
    const room = this.#rooms.get(roomId);
    return (protocol === "whip" ? room?.publications : room?.subscriptions)?.find(
      userId,
      sessionId,
    );
  }

  #end(session: { close(reason: string): void } | undefined, reason: string): { found: boolean } {
    session?.close(reason);
    return { found: session !== undefined };
  }

  async #remove(roomId: string, userId: string): Promise<void> {
    this.#revocations.revoke(roomId, userId);
    this.#rooms.get(roomId)?.remove(userId);
    await this.#state.save();
  }

  async #closeRoom(roomId: string): Promise<void> {
    this.#revocations.revoke(roomId);
    await this.#captures.closeRoom(roomId);
    this.#rooms.get(roomId)?.close("room_closed");
    await this.#state.save();
  }

  #stats(): RoomStats {
    const { user, system } = process.cpuUsage();
    const { p99, max } = this.#deps.eventLoopDelay();
    return {
      ...this.#rooms.counters,
      ...this.#captures.counters,
      uptimeSeconds: (this.#deps.now() - this.#startedAt) / 1000,
      residentBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      eventLoopDelayP99Ms: p99,
      eventLoopDelayMaxMs: max,
    };
  }

  #saved() {
    return { cutoffs: this.#revocations.cutoffs, presence: this.#presence.entries };
  }
}
