import type { Clock } from "../../core/clock.ts";
import { AppError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type {
  ProviderRecording,
  RecordingRef,
  RecordingStartRequest,
  RoomGrant,
  RoomRef,
  RoomRole,
  RoomSpec,
  RoomToken,
  VideoCapabilities,
  VideoProvider,
} from "../port.ts";
import { StreamApi, type StreamApiOptions } from "./api.ts";
import { isAnswer, service } from "./errors.ts";
import { callCid, requireCallId, requireUserId } from "./ids.ts";
import { StreamRecorder } from "./recorder.ts";
import { newCall } from "./settings.ts";

export interface GetStreamOptions extends StreamApiOptions {
  log: Log;
}

const tokenSeconds = 3_600;
/** Stream checks `iat` against its own clock. */
const issuedAgoSeconds = 1;

/** Call roles as Stream knows them; what each may do is set per call type in its dashboard. */
const callRoles = {
  host: "admin",
  participant: "participant",
  observer: "observer",
} as const satisfies Record<RoomRole, string>;

const capabilities: VideoCapabilities = {
  maxParticipants: 100,
  startsWithoutPublishers: false,
  pauses: false,
  composesLocally: false,
  reportsPresence: false,
  /** One read each, of the thousand a minute an application has. */
  statePollMs: 15_000,
  absentGraceMs: 60_000,
};

/**
 * Meetings on Stream's video cloud. A room is a call of type `default`; a recording is the call's composite
 * recording, started and stopped by us, finished by Stream some minutes after its end.
 * A recording's own maximum duration is not enforced by Stream: whoever started it has to stop it.
 */
export class GetStreamVideoProvider implements VideoProvider {
  readonly name = service;
  readonly capabilities = capabilities;
  readonly #api: StreamApi;
  readonly #clock: Clock;
  readonly #recorder: StreamRecorder;

  constructor(options: GetStreamOptions) {
    this.#api = new StreamApi(options);
    this.#clock = options.clock;
    this.#recorder = new StreamRecorder(this.#api, options.clock, options.log);
  }

  /** Creates the call unless it is there. @throws AppError also VALIDATION_ERROR for more people, or other ids, than Stream allows */
  async createRoom(spec: RoomSpec, signal?: AbortSignal): Promise<void> {
    requireRoomFor(spec.maxParticipants);
    const call = this.#api.call(spec.roomId);
    const { userId, name } = spec.organizer;
    const context = { operation: "createRoom", signal };
    const id = requireUserId(userId);
    await this.#api.request({ ...context, endpoint: "UpdateUsers" }, (client) =>
      client.upsertUsers([{ id, name }]),
    );
    await this.#api.request({ ...context, endpoint: "GetOrCreateCall" }, () =>
      call.getOrCreate({ data: newCall(spec) }),
    );
  }

  async token(grant: RoomGrant): Promise<RoomToken> {
    const iat = Math.floor(this.#clock.now() / 1000) - issuedAgoSeconds;
    const expiresAt = iat + tokenSeconds;
    const token = this.#api.signCallToken({
      user_id: requireUserId(grant.user.id),
      role: callRoles[grant.role],
      call_cids: [callCid(requireCallId(grant.roomId))],
      iat,
      exp: expiresAt,
    });
    return { token, expiresAt };
  }

  async startRecording(
    request: RecordingStartRequest,
    signal?: AbortSignal,
  ): Promise<ProviderRecording> {
    return this.#recorder.start(request, signal);
  }

  async stopRecording(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording> {
    return this.#recorder.stop(ref, signal);
  }

  async pauseRecording(): Promise<never> {
    throw pauseUnsupported();
  }

  async resumeRecording(): Promise<never> {
    throw pauseUnsupported();
  }

  async recordingState(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording> {
    return this.#recorder.state(ref, signal);
  }

  deleteRecording(ref: RecordingRef): Promise<boolean> {
    return this.#recorder.remove(ref);
  }

  fileLink(ref: RecordingRef, signal?: AbortSignal): Promise<string | undefined> {
    return this.#recorder.fileLink(ref, signal);
  }

  /**
   * Blocks the user in the call, which also refuses the tokens they hold, and closes their media. Someone who never
   * connected is unknown to Stream and is made known first, because their token would work.
   */
  async removeParticipant(room: RoomRef, userId: string): Promise<void> {
    const context = { operation: "removeParticipant" };
    const call = this.#api.call(room.roomId);
    const user_id = requireUserId(userId);
    const block = () =>
      this.#api.request({ ...context, endpoint: "BlockUser" }, () => call.blockUser({ user_id }));
    try {
      await block();
    } catch (error) {
      if (!isAnswer(error, 400, 404)) throw error;
      await this.#api.request({ ...context, endpoint: "UpdateUsers" }, (client) =>
        client.upsertUsers([{ id: user_id }]),
      );
      await block();
    }
    await unlessRefused(
      this.#api.request({ ...context, endpoint: "KickUser" }, () => call.kickUser({ user_id })),
    );
  }

  /** Ends the call for everyone; Stream finishes an open recording by itself. */
  async closeRoom(room: RoomRef): Promise<void> {
    const context = { operation: "closeRoom" };
    const call = this.#api.call(room.roomId);
    try {
      await this.#api.request({ ...context, endpoint: "EndCall" }, () => call.end());
    } catch (error) {
      if (isAnswer(error, 404)) return;
      if (!isAnswer(error, 400)) throw error;
      const { call: seen } = await this.#api.request({ ...context, endpoint: "GetCall" }, () =>
        call.get(),
      );
      if (seen.ended_at == null) throw error;
    }
  }

  /** Stream tells presence by webhook only; a listener here is never called. */
  onPresence(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {}
}

/** Stream's composite recording runs or is stopped; each start would be a file of its own. */
function pauseUnsupported(): AppError {
  return new AppError("VALIDATION_ERROR", "Recordings made at Stream cannot be paused", {
    reason: "pause_unsupported",
  });
}

function requireRoomFor(maxParticipants: number): void {
  const limit = capabilities.maxParticipants;
  if (maxParticipants <= limit) return;
  throw new AppError("VALIDATION_ERROR", `A room holds at most ${limit} people`, {
    field: "maxParticipants",
    limit,
  });
}

/** Kicking someone who is not in the call is refused; they are out, which is what was wanted. */
async function unlessRefused(request: Promise<unknown>): Promise<void> {
  await request.catch((error: unknown) => {
    if (!isAnswer(error, 400, 404)) throw error;
  });
}
