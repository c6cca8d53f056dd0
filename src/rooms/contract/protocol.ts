import type { ErrorData } from "../../core/errors.ts";
import type { RecordingPause } from "../../core/recording.ts";
import type { RoomPresence } from "../../video/port.ts";

/** Raised with every incompatible change: a server replaces a room process that speaks another one. */
export const controlProtocol = 6;

export interface Health {
  protocol: number;
  pid: number;
  /** Names this run of the room process. */
  instance: string;
  /** Digest of the settings it was started with. */
  settings: string;
  idle: boolean;
}

export interface PublishAnswer {
  sessionId: string;
  /** SDP, complete: candidates do not follow. */
  answer: string;
}

/** What the room process knows of a capture; `closed` = nothing is open, the folder tells the rest. */
export type CaptureState =
  | {
      status: "recording";
      startedAt: number;
      /** Since when nothing is captured, epoch ms. */
      pausedAt?: number;
      /** The pauses that are over. */
      pauses: RecordingPause[];
    }
  | { status: "finishing" }
  | { status: "closed" };

/** Gauges. */
export interface RoomCounters extends MediaCounters {
  rooms: number;
  publishers: number;
  tracks: number;
}

/** Counted since the process started. */
export interface MediaCounters {
  receivedBytes: number;
  lostPackets: number;
  nacks: number;
  keyframeRequests: number;
  droppedFrames: number;
}

/** Counted since the process started. */
export interface SentMedia {
  forwardedPackets: number;
  forwardedBytes: number;
  /** Packets subscribers asked for again. */
  nackedPackets: number;
}

export interface ForwardCounters extends SentMedia {
  subscribers: number;
  /** Videos not sent because a subscriber's connection is too weak. */
  pausedVideos: number;
}

export interface CaptureCounters {
  captures: number;
  /** Bytes captured since the process started. */
  capturedBytes: number;
  queuedBytes: number;
  /** Video frames not written because the disk could not follow. */
  refusedFrames: number;
  /** Media received while captured that could not be stored, ms. */
  unstoredMs: number;
}

/** Gauges and counters of the room process since it started. */
export interface RoomStats extends RoomCounters, ForwardCounters, CaptureCounters {
  uptimeSeconds: number;
  residentBytes: number;
  cpuSeconds: number;
  /** How late timers were since the last reading, ms. */
  eventLoopDelayP99Ms: number;
  eventLoopDelayMaxMs: number;
}

/** Header of the presence stream that names the server that follows it. */
export const followerHeader = "connvo-follower";

/** What became of a request to leave. */
export interface ShutdownAnswer {
  /** Another server follows the room process, which therefore stays. */
  stays: boolean;
}

/** A line of the presence stream. `snapshot` comes first and replaces what was known. */
export type PresenceLine =
  | { type: "snapshot"; entries: RoomPresence[] }
  | { type: "change"; entry: RoomPresence }
  | { type: "ping" };

export interface ErrorAnswer {
  error: ErrorData;
}
