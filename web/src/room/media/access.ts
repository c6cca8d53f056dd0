import { ApiError } from "../../api/apiError.ts";
import type { ApiClient } from "../../api/client.ts";
import { functions } from "../../api/functions.ts";

/** What is needed to reach a meeting's room. */
export interface RoomAccess {
  /** Address of the room, without a slash at its end. */
  roomUrl: string;
  /** Room token, as bearer. */
  token: string;
  iceServers: RTCIceServer[];
}

export interface AccessSource {
  /** @param fresh the last token was not taken: get a new one */
  get(fresh?: boolean): Promise<RoomAccess>;
}

export interface RoomAccessOptions {
  api: ApiClient;
  /** Where the server is. */
  baseUrl: string;
  meetingId: string;
  /** Epoch ms. */
  now?: () => number;
}

/** A token with less than this to live is not used for a new session, ms. */
const marginMs = 60_000;

/** Gets the address and the token of a meeting's room, and keeps them while they are good. */
export class MeetingAccess implements AccessSource {
  readonly #options: RoomAccessOptions;
  readonly #now: () => number;
  #access: Promise<{ access: RoomAccess; goodUntil: number }> | undefined;

  constructor(options: RoomAccessOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async get(fresh = false): Promise<RoomAccess> {
    if (!fresh && this.#access !== undefined) {
      const known = await this.#access.catch(() => undefined);
      if (known !== undefined && known.goodUntil > this.#now()) return known.access;
    }
    this.#access = this.#ask();
    return (await this.#access).access;
  }

  async #ask(): Promise<{ access: RoomAccess; goodUntil: number }> {
    const { api, baseUrl, meetingId } = this.#options;
    const [{ connectionInfo }, { token, expiresAt }] = await Promise.all([
      api.mutation(functions.meetings.lifecycle.getMeetingConnectionInfo, { meetingId }),
      api.action(functions.meetings.stream.index.generateParticipantTokenPublic, { meetingId }),
    ]);
    const { roomId, iceServers = [] } = connectionInfo;
    if (roomId === undefined)
      throw new ApiError("VALIDATION_ERROR", "The meeting has no room on this server", 400, {
        reason: "paid_tier_required",
      });
    const roomUrl = `${baseUrl.replace(/\/$/, "")}/rooms/${encodeURIComponent(roomId)}`;
    return { access: { roomUrl, token, iceServers }, goodUntil: expiresAt * 1000 - marginMs };
  }
}

/** Uses the access, and once more a fresh one when its token is not taken (it may have run out or been revoked). */
export async function withAccess<T>(
  source: AccessSource,
  use: (access: RoomAccess) => Promise<T>,
): Promise<T> {
  try {
    return await use(await source.get());
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "UNAUTHORIZED")) throw error;
    return use(await source.get(true));
  }
}
