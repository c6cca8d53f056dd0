import type { Config } from "../config/config.ts";
import { processEntry } from "../config/paths.ts";
import { systemClock } from "../core/clock.ts";
import type { Lifetime } from "../core/lifetime.ts";
import type { Log } from "../core/log.ts";
import type { Database } from "../db/port.ts";
import { recordPresence } from "../meetings/people/presence.ts";
import { noteRate } from "../recordings/providerRates.ts";
import type { Services } from "../runtime/context.ts";
import { EmbeddedVideoProvider } from "../video/embedded/provider.ts";
import type { ProviderRate } from "../video/port.ts";
import { type ResilientVideoProvider, withResilience } from "../video/resilience.ts";

/** Time the room process has to end once there is hurry, by force at last, ms. */
const hurriedRoomsMs = 8_000;

export interface StopOptions {
  /** Aborts when there is no more time to let anything finish. */
  hurry?: AbortSignal;
  /** Rooms in use stay for the next server, so that neither a meeting nor a recording is interrupted. */
  handOver?: boolean;
}

interface Video {
  video: ResilientVideoProvider;
  /** Present when rooms are ours. */
  embedded: EmbeddedVideoProvider | undefined;
}

/** Starts the rooms, or the client of the cloud that has them. */
export async function openVideo(
  config: Config,
  db: Database,
  log: Log,
  lifetime: Lifetime,
  { stopWanted, stopping }: { stopWanted: AbortSignal; stopping: StopOptions },
): Promise<Video> {
  const { streamApiKey: apiKey, streamApiSecret: apiSecret, streamBaseUrl: baseUrl } = config;
  if (apiKey !== undefined && apiSecret !== undefined) {
    // Its client is not loaded where it is not used.
    const { GetStreamVideoProvider } = await import("../video/getstream/provider.ts");
    const stream = new GetStreamVideoProvider({
      apiKey,
      apiSecret,
      baseUrl,
      clock: systemClock,
      log,
      onScarce: (rate) => void tellAll(db, log, rate),
    });
    lifetime.add("video", () => stream.close());
    return { video: withResilience(stream, { log }), embedded: undefined };
  }
  const embedded = new EmbeddedVideoProvider({
    dataDir: config.dataDir,
    entry: processEntry("roomProcess"),
    rtcPort: config.rtcPort,
    bindAddress: config.rtcAddress,
    publicAddress: config.rtcPublicAddress,
    roomLimit: config.roomLimit,
    publisherLimit: config.publisherLimit,
    maxKbps: config.publisherKbps,
    diskFloorBytes: config.diskFloorBytes,
    diskShare: config.recordingDiskShare,
    clock: systemClock,
    log,
  });
  lifetime.add("rooms", (hurry) => leaveRooms(embedded, { ...stopping, hurry }), {
    hurriedMs: hurriedRoomsMs,
  });
  await embedded.start(stopWanted);
  return { video: withResilience(embedded, { log }), embedded };
}

/** All nodes ask less while little is left; each request tells it anew, so one that is not kept is no loss. */
async function tellAll(db: Database, log: Log, rate: ProviderRate): Promise<void> {
  log.warn(rate, "little is left of the video provider's rate; asking less often");
  await db
    .transaction((tx) => noteRate(tx, rate))
    .catch((error: unknown) => log.warn({ err: error, ...rate }, "a rate was not kept"));
}

/** A hand-over leaves rooms in use to the next server; rooms nobody is in it need not find. */
async function leaveRooms(
  rooms: EmbeddedVideoProvider,
  { handOver = false, hurry }: StopOptions & { hurry: AbortSignal },
): Promise<void> {
  const inUse = async () => {
    const { publishers, subscribers, captures } = await rooms.stats();
    return publishers + subscribers + captures > 0;
  };
  const stopRooms = !handOver || !(await inUse().catch(() => true));
  await rooms.close({ stopRooms, hurry });
}

/**
 * Presences of a room are written one after the other, in the order they happened.
 * @returns how many have not been written yet
 */
export function followPresence(
  { db, video, log }: Services,
  lifetime: Lifetime,
): { waiting(): number } {
  let waiting = 0;
  let written: Promise<void> = Promise.resolve();
  const unsubscribe = video.onPresence((presence) => {
    waiting += 1;
    written = written
      .then(() => recordPresence(db, presence))
      .catch((error: unknown) => log.error({ err: error, ...presence }, "presence not recorded"))
      .finally(() => {
        waiting -= 1;
      });
  });
  lifetime.add("presence", async () => {
    unsubscribe();
    await written;
  });
  return { waiting: () => waiting };
}
