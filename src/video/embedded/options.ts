import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { RoomProcessSettings } from "../../rooms/contract/settings.ts";
import type { RoomPaths } from "./paths.ts";

export interface EmbeddedVideoOptions {
  dataDir: string;
  /** Script of the room process. */
  entry: string;
  /** The one UDP port; 0 picks a free one. */
  rtcPort: number;
  /** Local address of that port. */
  bindAddress: string;
  /** Address clients send media to when it differs (NAT). */
  publicAddress?: string | undefined;
  /** People in one room at most. */
  roomLimit?: number;
  /** People publishing at most, over all rooms. */
  publisherLimit?: number;
  /** Captures end when less is free, bytes. */
  diskFloorBytes: number;
  /** What one recording may take of the disk space above that, percent. */
  diskShare?: number;
  /** Bit rate asked of one video track, kbit/s. */
  videoKbps?: number;
  /** Bit rate taken of one publish session; what is above it is dropped, kbit/s. */
  maxKbps?: number;
  /** When a publisher that does not connect, or falls silent, is given up, ms. */
  pendingMs?: number;
  silenceMs?: number;
  /** When a subscriber of whom nothing is heard is given up, ms. */
  subscriberSilenceMs?: number;
  /** The room process ends by itself after this long without server, publisher and capture, ms. */
  idleExitMs?: number;
  clock: Clock;
  log: Log;
}

const defaults = {
  roomLimit: 8,
  publisherLimit: 64,
  videoKbps: 2500,
  maxKbps: 30_000,
  diskShare: 50,
  idleExitMs: 600_000,
} as const;
/** Silence: an abrupt leave is seen within 5 s, the checks and the way to the database included. */
const session = {
  startKbps: 1500,
  pendingMs: 10_000,
  silenceMs: 4000,
  subscriberSilenceMs: 10_000,
} as const;
/** Windows a person has open, and people who only watch. */
const subscribersPerPublisher = 4;

/** People in one room at most. */
export function roomLimitOf({ roomLimit = defaults.roomLimit }: EmbeddedVideoOptions): number {
  return roomLimit;
}

/** What the room process is told. */
export function roomSettings(
  options: EmbeddedVideoOptions,
  { stateDir, recordingsDir, socketPath }: RoomPaths,
): RoomProcessSettings {
  const { rtcPort, bindAddress, publicAddress, diskFloorBytes } = options;
  const { publisherLimit = defaults.publisherLimit } = options;
  return {
    ...{ stateDir, recordingsDir, socketPath, udpPort: rtcPort, bindAddress, diskFloorBytes },
    ...(publicAddress === undefined ? {} : { publicAddress }),
    maxParticipants: roomLimitOf(options),
    maxPublishers: publisherLimit,
    maxSubscribers: publisherLimit * subscribersPerPublisher,
    pendingMs: options.pendingMs ?? session.pendingMs,
    silenceMs: options.silenceMs ?? session.silenceMs,
    subscriberSilenceMs: options.subscriberSilenceMs ?? session.subscriberSilenceMs,
    startKbps: session.startKbps,
    videoKbps: options.videoKbps ?? defaults.videoKbps,
    maxKbps: options.maxKbps ?? defaults.maxKbps,
    diskShare: options.diskShare ?? defaults.diskShare,
    idleExitMs: options.idleExitMs ?? defaults.idleExitMs,
  };
}
