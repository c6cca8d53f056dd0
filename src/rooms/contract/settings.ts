import { createHash } from "node:crypto";
import { z } from "zod";

const bytes = z.number().int().nonnegative();
const ms = z.number().int().positive();

const settingsSchema = z.strictObject({
  /** Folder of lock, state and log of the room process. */
  stateDir: z.string().min(1),
  /** Folder with one folder per recording. */
  recordingsDir: z.string().min(1),
  /** Unix socket (or named pipe) of the control API. */
  socketPath: z.string().min(1),
  /** The one UDP port; 0 picks a free one. */
  udpPort: z.number().int().min(0).max(65_535),
  bindAddress: z.string().min(1),
  publicAddress: z.string().min(1).optional(),
  maxParticipants: z.number().int().positive(),
  maxPublishers: z.number().int().positive(),
  maxSubscribers: z.number().int().positive(),
  diskFloorBytes: bytes,
  /** Bit rate asked of one video track, kbit/s. */
  videoKbps: z.number().int().positive(),
  /** Bit rate taken of one publish session; what is above it is dropped, kbit/s. */
  maxKbps: z.number().int().positive(),
  /** What one recording may take of the disk space that is not reserved, percent. */
  diskShare: z.number().int().min(1).max(100),
  /** Bit rate browsers start at, kbit/s. */
  startKbps: z.number().int().positive(),
  pendingMs: ms,
  silenceMs: ms,
  subscriberSilenceMs: ms,
  /** Ends by itself after this long without server, publisher and capture, ms. */
  idleExitMs: ms,
});

/** What a room process is started with: one JSON argument. Nothing in it is secret. */
export type RoomProcessSettings = z.infer<typeof settingsSchema>;

/** Reads that argument. @throws when it is missing or not as it must be */
export function parseSettings(argument: string | undefined): RoomProcessSettings {
  return settingsSchema.parse(JSON.parse(argument ?? "null"));
}

/** Tells whether two processes were started with the same settings. */
export function settingsDigest(settings: RoomProcessSettings): string {
  const sorted = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
}
