import { AppError } from "../core/errors.ts";
import type {
  RecordingConfig,
  RecordingGap,
  RecordingPause,
  RecordingProblem,
  RecordingTrack,
} from "../core/recording.ts";

export interface RoomRef {
  meetingId: string;
  roomId: string;
}

/** A room to be. `roomId` is chosen by us (`[A-Za-z0-9_-]{1,64}`), so that a repeat finds the same room. */
export interface RoomSpec extends RoomRef {
  title: string;
  description?: string;
  organizer: { userId: string; name: string };
  maxParticipants: number;
}

export type RoomRole = "host" | "participant" | "observer";

export interface RoomGrant extends RoomRef {
  user: { id: string; name: string; image?: string };
  role: RoomRole;
  maxParticipants: number;
}

/** Token for one user in one room. `expiresAt` is epoch **seconds**, as the published API has it. */
export interface RoomToken {
  token: string;
  expiresAt: number;
}

export interface RecordingRef extends RoomRef {
  recordingId: string;
  /** What the provider told us at start; opaque to everyone else. */
  providerRef?: Record<string, string>;
  /** When its stop was asked for, and when it was seen to have ended; epoch ms. */
  stopRequestedAt?: number;
  stoppedAt?: number;
  /** The provider's name of its file, and of this room's files that belong to other recordings. */
  file?: string;
  filesOfOthers?: readonly string[];
  /** When the next recording of the room was asked for, unless that has failed; epoch ms: what has begun since is not this one's. */
  nextRequestedAt?: number;
}

export interface RecordingStartRequest extends RecordingRef {
  config: RecordingConfig;
  /** Hard limit; the provider seals the recording by itself when it is reached. */
  maxDurationMs: number;
  /** Asked before it is sent once more: what shows nothing may have been started and stopped meanwhile. */
  isWanted?(): Promise<boolean>;
}

/** Nobody wants a start any more that may have been carried out: its stop goes on with it. */
export const stoppedBeforeStart = (metadata: Record<string, string> = {}) =>
  new AppError("CONFLICT", "The recording was stopped before it had begun; start again", {
    ...metadata,
    reason: "stopped_before_start",
  });

/** What a provider says is left of a kind of request in its present window, for all nodes together. */
export interface ProviderRate {
  /** The provider's name of the kind. */
  endpoint: string;
  /** Requests of a whole window. */
  limit: number;
  remaining: number;
  /** Until the window ends, ms. */
  leftMs: number;
}

/** What the provider says of one recording now. */
export type ProviderRecording =
  /** Not known: never started here, or nothing of it is left. */
  | { status: "absent" }
  /** Asked for, not capturing yet. */
  | { status: "starting"; providerRef?: Record<string, string> }
  | {
      status: "recording";
      startedAt: number;
      /** Since when it is paused, epoch ms of the recorder. */
      pausedAt?: number;
      /** The pauses that are over; absent where the provider cannot pause. */
      pauses?: RecordingPause[];
      providerRef?: Record<string, string>;
      /** Local folder that is being written to; absent when the provider composes. */
      captureDir?: string;
    }
  /** Ended; the provider is still writing the file. */
  | { status: "finishing"; providerRef?: Record<string, string> }
  /** Ended; the media is safe at the provider and will not change. */
  | {
      status: "sealed";
      startedAt: number;
      stoppedAt: number;
      stopReason: string;
      hasMedia: boolean;
      gaps: RecordingGap[];
      pauses: RecordingPause[];
      tracks: RecordingTrack[];
      problems: RecordingProblem[];
      /** Local folder to compose from; absent when the provider composes. */
      captureDir?: string;
      /** The provider's name of the file that it made, unique in the room; absent when we compose. */
      file?: string;
    }
  | { status: "failed"; reason: string };

export interface RoomPresence {
  roomId: string;
  userId: string;
  state: "joined" | "left";
  /** Epoch ms. */
  at: number;
}

/** How much a provider can do; features ask these instead of a provider's name. */
export interface VideoCapabilities {
  /** Hard upper bound of a room. */
  maxParticipants: number;
  /** Whether a recording may start before anyone publishes. */
  startsWithoutPublishers: boolean;
  /** Whether a recording can be paused. */
  pauses: boolean;
  /** Whether sealed media is composed by us. */
  composesLocally: boolean;
  /** Whether `onPresence` tells who is in a room; without it, an empty room is the provider's business. */
  reportsPresence: boolean;
  /** How often the state of a running recording may be read, ms. */
  statePollMs: number;
  /** For so long after a start `absent` may mean "not shown yet", ms. */
  absentGraceMs: number;
}

/**
 * A video backend. Every call is idempotent and may be repeated after an ambiguous failure.
 * @throws AppError from its calls: STREAM_ERROR (refused or broken), EXTERNAL_SERVICE_TIMEOUT, VALIDATION_ERROR (an id, too many
 * people), CONFLICT (another recording of the room runs; the one to be deleted is not closed); from a start with nobody in the call
 * where that is needed MEETING_NOT_ACTIVE with `reason: "nobody_in_call"`; the signal's reason
 */
export interface VideoProvider {
  readonly name: "embedded" | "getstream";
  readonly capabilities: VideoCapabilities;
  createRoom(spec: RoomSpec, signal?: AbortSignal): Promise<void>;
  /** Signs locally; no network. */
  token(grant: RoomGrant): Promise<RoomToken>;
  startRecording(request: RecordingStartRequest, signal?: AbortSignal): Promise<ProviderRecording>;
  /** Ends the recording; resolves once the provider has accepted, `sealed` or still `recording`. */
  stopRecording(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording>;
  /**
   * Leaves out of a running recording what happens until `resumeRecording`. Once answered `recording` with `pausedAt`,
   * nothing of the room is stored. Any other answer says that the recording has ended.
   * @throws AppError VALIDATION_ERROR with `reason: "pause_unsupported"` where `capabilities.pauses` is false
   */
  pauseRecording(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording>;
  /** Goes on recording; answers `recording` without `pausedAt` once media is captured again. @throws as `pauseRecording` */
  resumeRecording(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording>;
  recordingState(ref: RecordingRef, signal?: AbortSignal): Promise<ProviderRecording>;
  /**
   * Deletes what the provider keeps of an ended recording.
   * @returns false while something of it may still appear there: to be asked again
   */
  deleteRecording(ref: RecordingRef): Promise<boolean>;
  /**
   * A link to the file that the provider made of a sealed recording, good for one download now; undefined when there is none.
   * Never called where `capabilities.composesLocally`.
   */
  fileLink(ref: RecordingRef, signal?: AbortSignal): Promise<string | undefined>;
  /** Closes a user's media at once and refuses the tokens given to them so far. */
  removeParticipant(room: RoomRef, userId: string): Promise<void>;
  /** Ends the room: all media closed; an open recording is sealed, not lost. */
  closeRoom(room: RoomRef): Promise<void>;
  /** Who joins and leaves, seen from media; returns the unsubscribe function. */
  onPresence(listener: (presence: RoomPresence) => void): () => void;
  close(): Promise<void>;
}

export type BreakerState = "closed" | "open" | "halfOpen";

/** How one operation of a provider stands. */
export interface BreakerStatus {
  /** The provider. */
  service: string;
  operation: string;
  state: BreakerState;
  /** Failed calls that count at present. */
  failures: number;
}

/** The breakers of a provider's operations, of this process. */
export interface Breakers {
  breakers(): BreakerStatus[];
  /** Forgets an operation's failures and lets calls through again; nothing where there is no such operation. */
  resetBreaker(operation: string): void;
}
