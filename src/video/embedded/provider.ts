import { AppError } from "../../core/errors.ts";
import type { MediaSource } from "../../core/media.ts";
import type { Result } from "../../core/result.ts";
import { sealCapture } from "../../media/format/describe.ts";
import { acquireLock } from "../../rooms/contract/instanceLock.ts";
import type { AnswerOf, OperationName, RequestOf } from "../../rooms/contract/operations.ts";
import type { CaptureState, PublishAnswer, RoomStats } from "../../rooms/contract/protocol.ts";
import { settingsDigest } from "../../rooms/contract/settings.ts";
import { captureFolder, isRecordingId } from "../../rooms/contract/unsealed.ts";
import type {
  ProviderRecording,
  RecordingRef,
  RecordingStartRequest,
  RoomGrant,
  RoomPresence,
  RoomRef,
  RoomSpec,
  RoomToken,
  VideoCapabilities,
  VideoProvider,
} from "../port.ts";
import { type CallOptions, ControlClient, Unreachable } from "./client.ts";
import { type EmbeddedVideoOptions, roomLimitOf, roomSettings } from "./options.ts";
import { preparePaths, type RoomPaths, roomPaths } from "./paths.ts";
import { PresenceFollower } from "./presenceFollower.ts";
import { lastFailure, processHost } from "./processHost.ts";
import { readCapture } from "./recordingView.ts";
import { RoomTokens, type VerifiedGrant } from "./roomTokens.ts";
import { Supervisor } from "./supervisor.ts";

export interface PublishOptions {
  source?: MediaSource;
  signal?: AbortSignal | undefined;
}

export interface SubscribeOptions {
  /** One publication; absent = everybody else's. */
  target?: { userId: string; source: MediaSource } | undefined;
  /** A newer subscription of the same client replaces the older one. */
  client?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** A local call: a state may be read often. */
const statePollMs = 1000;
const roomIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** Rooms and recording on this machine, in a supervised room process that outlives the server. */
export class EmbeddedVideoProvider implements VideoProvider {
  readonly name = "embedded";
  readonly capabilities: VideoCapabilities;
  #options: EmbeddedVideoOptions;
  #paths: RoomPaths;
  #client: ControlClient;
  #supervisor: Supervisor;
  #presence: PresenceFollower;
  #tokens: Promise<RoomTokens> | undefined;

  constructor(options: EmbeddedVideoOptions) {
    this.#options = options;
    this.#paths = roomPaths(options.dataDir);
    this.capabilities = {
      maxParticipants: roomLimitOf(options),
      startsWithoutPublishers: true,
      pauses: true,
      composesLocally: true,
      reportsPresence: true,
      statePollMs,
      absentGraceMs: 0,
    };
    this.#client = new ControlClient(this.#paths.socketPath, options.clock);
    this.#presence = new PresenceFollower(options.clock.now, options.log);
    this.#supervisor = this.#makeSupervisor();
  }

  /**
   * Adopts the running room process or starts one; resolves once it answers.
   * @throws Error with its last words when none can be started; also when `stopWanted` aborts meanwhile
   */
  async start(stopWanted?: AbortSignal): Promise<void> {
    await preparePaths(this.#paths);
    await this.#openTokens();
    try {
      await this.#supervisor.start(stopWanted);
    } catch (error) {
      stopWanted?.throwIfAborted();
      const { logFile } = this.#paths;
      const failure = (await lastFailure(logFile)) ?? "no reason given";
      throw new Error(`Rooms cannot start: ${failure} (see ${logFile})`, { cause: error });
    }
  }

  /**
   * Leaves the room process running, for the next server. `stopRooms` ends it too, unless another server uses it: it is
   * gone once this resolves, and open recordings are continued by the next one. In a `hurry` it is ended by force.
   */
  async close(options: { stopRooms?: boolean; hurry?: AbortSignal } = {}): Promise<void> {
    const { stopRooms = false, hurry = new AbortController().signal } = options;
    await (stopRooms ? this.#supervisor.end(hurry) : this.#supervisor.stop());
    this.#client.close();
  }

  async createRoom(spec: RoomSpec): Promise<void> {
    const limit = this.capabilities.maxParticipants;
    checkRoomId(spec.roomId);
    if (spec.maxParticipants > limit) {
      const metadata = { field: "maxParticipants", limit };
      throw new AppError("VALIDATION_ERROR", `At most ${limit} people fit into a room.`, metadata);
    }
  }

  async token(grant: RoomGrant): Promise<RoomToken> {
    return (await this.#openTokens()).sign(grant);
  }

  /** The grant of a bearer token for this room; UNAUTHORIZED for every other token. */
  async verifyToken(token: string, roomId: string): Promise<Result<VerifiedGrant>> {
    return (await this.#openTokens()).verify(token, roomId);
  }

  /**
   * WHIP POST: takes an SDP offer, gives the complete SDP answer.
   * @throws AppError as `Rooms.publish`; EXTERNAL_SERVICE_TIMEOUT without a room process that answers
   */
  publish(
    grant: VerifiedGrant,
    offer: string,
    { source = "camera", signal }: PublishOptions = {},
  ): Promise<PublishAnswer> {
    const { roomId, user, role, maxParticipants, issuedAt } = grant;
    const { id, name } = user;
    const person = { roomId, user: { id, name }, role, maxParticipants, issuedAt };
    return this.#call("publish", { ...person, source, offer }, { signal });
  }

  /** WHIP DELETE: ends a publish session of this user. @throws AppError NOT_FOUND when there is none by that id */
  async unpublish(grant: VerifiedGrant, sessionId: string, signal?: AbortSignal): Promise<void> {
    const request = { roomId: grant.roomId, userId: grant.user.id, sessionId };
    const { found } = await this.#call("unpublish", request, { signal });
    if (!found) throw new AppError("NOT_FOUND", "There is no such publish session.");
  }

  /**
   * WHEP POST: takes an SDP offer, gives the complete SDP answer.
   * @throws AppError as `Rooms.subscribe`; EXTERNAL_SERVICE_TIMEOUT without a room process that answers
   */
  subscribe(
    grant: VerifiedGrant,
    offer: string,
    { target, client, signal }: SubscribeOptions = {},
  ): Promise<PublishAnswer> {
    const { roomId, user, role, maxParticipants, issuedAt } = grant;
    const { id, name } = user;
    const person = { roomId, user: { id, name }, role, maxParticipants, issuedAt };
    return this.#call("subscribe", { ...person, target, client, offer }, { signal });
  }

  /** WHEP DELETE: ends a subscription of this user. @throws AppError NOT_FOUND when there is none by that id */
  async unsubscribe(grant: VerifiedGrant, sessionId: string, signal?: AbortSignal): Promise<void> {
    const request = { roomId: grant.roomId, userId: grant.user.id, sessionId };
    const { found } = await this.#call("unsubscribe", request, { signal });
    if (!found) throw new AppError("NOT_FOUND", "There is no such subscription.");
  }

  /** Whether this user's session, to publish or to watch, is known: a room process that was started again knows none. */
  async hasSession(
    grant: VerifiedGrant,
    sessionId: string,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const request = { roomId: grant.roomId, userId: grant.user.id, sessionId };
    const { found } = await this.#call("hasSession", request, { signal });
    return found;
  }

  /** ICE user fragment of a session's client, as its offer had it. @throws AppError NOT_FOUND when this user has no such session */
  async clientUfrag(
    grant: VerifiedGrant,
    protocol: "whip" | "whep",
    sessionId: string,
    signal?: AbortSignal,
  ): Promise<string> {
    const request = { roomId: grant.roomId, userId: grant.user.id, sessionId, protocol };
    const { ufrag } = await this.#call("clientUfrag", request, { signal });
    if (ufrag === undefined) throw new AppError("NOT_FOUND", "There is no such session.");
    return ufrag;
  }

  async startRecording(
    request: RecordingStartRequest,
    signal?: AbortSignal,
  ): Promise<ProviderRecording> {
    const { recordingId, roomId, maxDurationMs } = request;
    checkRoomId(roomId);
    const state = await this.#call(
      "startCapture",
      { recordingId, roomId, maxDurationMs },
      { signal },
    );
    return this.#view(recordingId, state);
  }

  /** Also ends the recording of a room process that is gone for good: its capture is sealed on the disk. */
  async stopRecording(
    { recordingId }: RecordingRef,
    signal?: AbortSignal,
  ): Promise<ProviderRecording> {
    const request = { recordingId, reason: "stopped" };
    try {
      return await this.#view(
        recordingId,
        await this.#client.call("stopCapture", request, { signal }),
      );
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      return this.#sealOrphan(recordingId, error);
    }
  }

  pauseRecording(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording> {
    return this.#switch("pauseCapture", ref, signal);
  }

  resumeRecording(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording> {
    return this.#switch("resumeCapture", ref, signal);
  }

  async recordingState(
    { recordingId }: RecordingRef,
    signal?: AbortSignal,
  ): Promise<ProviderRecording> {
    try {
      return await this.#view(
        recordingId,
        await this.#client.call("captureState", { recordingId }, { signal }),
      );
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      const found = await readCapture(this.#folder(recordingId));
      if (found.status === "sealed") return found;
      throw away(error);
    }
  }

  async deleteRecording({ recordingId }: RecordingRef): Promise<boolean> {
    await this.#call("removeCapture", { recordingId });
    return true;
  }

  /** Files are composed by us. */
  async fileLink(): Promise<undefined> {}

  async removeParticipant({ roomId }: RoomRef, userId: string): Promise<void> {
    checkRoomId(roomId);
    await this.#call("removeParticipant", { roomId, userId });
  }

  async closeRoom({ roomId }: RoomRef): Promise<void> {
    checkRoomId(roomId);
    await this.#call("closeRoom", { roomId });
  }

  onPresence(listener: (presence: RoomPresence) => void): () => void {
    return this.#presence.subscribe(listener);
  }

  /** Gauges and counters of the room process. @throws AppError EXTERNAL_SERVICE_TIMEOUT while it is away */
  stats(): Promise<RoomStats> {
    return this.#call("stats", {}, { patienceMs: 0 });
  }

  #makeSupervisor(): Supervisor {
    const { entry, clock, log } = this.#options;
    const settings = roomSettings(this.#options, this.#paths);
    const host = processHost({
      entry,
      settings,
      paths: this.#paths,
      client: this.#client,
      clock,
      onPresence: (line) => this.#presence.take(line),
    });
    return new Supervisor(host, { settings: settingsDigest(settings), clock, log });
  }

  #openTokens(): Promise<RoomTokens> {
    this.#tokens ??= RoomTokens.open(this.#paths.keyFile, this.#options.clock);
    return this.#tokens;
  }

  #folder(recordingId: string): string {
    if (!isRecordingId(recordingId)) {
      throw new AppError("VALIDATION_ERROR", "Not a recording id.", { field: "recordingId" });
    }
    return captureFolder(this.#paths.recordingsDir, recordingId);
  }

  async #view(recordingId: string, state: CaptureState): Promise<ProviderRecording> {
    const captureDir = this.#folder(recordingId);
    if (state.status === "recording") return { ...state, captureDir };
    return state.status === "closed" ? readCapture(captureDir) : state;
  }

  async #switch(
    operation: "pauseCapture" | "resumeCapture",
    { recordingId }: RecordingRef,
    signal: AbortSignal | undefined,
  ): Promise<ProviderRecording> {
    const state = await this.#call(operation, { recordingId }, { signal });
    return this.#view(recordingId, state);
  }

  /** Nobody writes the capture and, while we hold the lock, nobody will begin to. */
  async #sealOrphan(recordingId: string, error: Unreachable): Promise<ProviderRecording> {
    const dir = this.#folder(recordingId);
    const lock = await acquireLock(this.#paths.stateDir);
    if (!lock) throw away(error);
    try {
      const found = await readCapture(dir);
      if (found.status === "finishing")
        await sealCapture(dir, "room_process_lost", this.#options.clock);
      return await readCapture(dir);
    } finally {
      await lock.release();
    }
  }

  async #call<Name extends OperationName>(
    operation: Name,
    body: RequestOf<Name>,
    options: CallOptions = {},
  ): Promise<AnswerOf<Name>> {
    try {
      return await this.#client.call(operation, body, options);
    } catch (error) {
      throw error instanceof Unreachable ? away(error) : error;
    }
  }
}

function checkRoomId(roomId: string): void {
  if (!roomIdPattern.test(roomId))
    throw new AppError("VALIDATION_ERROR", "Not a room id.", { field: "roomId" });
}

function away(cause: Unreachable): AppError {
  return new AppError(
    "EXTERNAL_SERVICE_TIMEOUT",
    "The room process is away.",
    { service: "rooms" },
    cause,
  );
}
