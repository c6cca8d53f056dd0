import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { newId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { RecordingConfig } from "../../../src/core/recording.ts";
import {
  type GetStreamStandIn,
  type ServerOptions,
  startGetStreamStandIn,
} from "../../../src/synth/getstream/server.ts";
import { GetStreamVideoProvider } from "../../../src/video/getstream/provider.ts";
import type { ProviderRate, RecordingStartRequest, RoomSpec } from "../../../src/video/port.ts";

export const room = { meetingId: "meeting_1", roomId: "call_meeting_1" };
export const callPath = "/api/v2/video/call/default/call_meeting_1";
export const spec: RoomSpec = {
  ...room,
  title: "Weekly",
  organizer: { userId: "host", name: "Ada" },
  maxParticipants: 8,
};

export interface Scene {
  standIn: GetStreamStandIn;
  provider: GetStreamVideoProvider;
  close(): Promise<void>;
}

export interface SceneOptions extends ServerOptions {
  clock?: Clock;
  requestTimeoutMs?: number;
  onScarce?: (rate: ProviderRate) => void;
  /** What the provider signs with; the stand-in's own secret unless given. */
  secret?: string;
}

/** A stand-in with one room, and a provider that talks to it. */
export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const { clock = systemClock, requestTimeoutMs, secret, onScarce, ...standInOptions } = options;
  const standIn = await startGetStreamStandIn(standInOptions);
  const provider = new GetStreamVideoProvider({
    apiKey: standIn.apiKey,
    apiSecret: secret ?? standIn.apiSecret,
    baseUrl: `${standIn.url}/`,
    clock,
    log: silentLog,
    ...(onScarce === undefined ? {} : { onScarce }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  });
  return { standIn, provider, close: () => standIn.close() };
}

/** The room exists and its organiser is in it; no request was needed for that. */
export function goLive({ standIn }: Scene): void {
  const { calls } = standIn;
  calls.users.set("host", { id: "host", name: "Ada" });
  calls.getOrCreate(room.roomId, {
    created_by_id: "host",
    members: [{ user_id: "host", role: "admin" }],
  });
  calls.join(room.roomId, "host");
}

export function recordingOf(config: Partial<RecordingConfig> = {}): RecordingStartRequest {
  return {
    ...room,
    recordingId: newId("meetingRecordings"),
    config: { quality: "720p", layout: "grid", audioOnly: false, ...config },
    maxDurationMs: 600_000,
  };
}
