import path from "node:path";
import { type AppError, isAppError } from "../core/errors.ts";
import type { AdoptJob, ProbeFinding } from "../media/compose/protocol.ts";
import { fileRetentionMs } from "../recordings/lifecycle/deadlines.ts";
import { refWithFiles } from "../recordings/providerFiles.ts";
import type { Recording } from "../recordings/recording.ts";
import type { Rendition } from "../recordings/renditions/renditions.ts";
import type { RecordingServices } from "../recordings/services.ts";
import { Away, type MakeOptions, type RenditionMaker, unusable } from "./renditions.ts";

/** Fetches what is at an address into a file, or goes on with that. */
export type Fetch = (
  url: URL,
  file: string,
  options: {
    signal: AbortSignal;
    /** May refuse a file of so many bytes. */
    admit(bytes: number): Promise<void>;
    onProgress(done: number): void;
  },
) => Promise<void>;

export interface FetchingDeps {
  services: RecordingServices;
  fetch: Fetch;
  /** Removes what was fetched into a file. */
  forget(file: string): Promise<void>;
  /** Makes a rendition of a fetched file in a child process. */
  adopt(job: AdoptJob, options: MakeOptions): Promise<ProbeFinding>;
  /** Whether files are fetched from there at all. */
  isAllowed(url: URL): boolean;
  /** Folder of files in the making. */
  workDir: string;
}

/** Share of the progress that fetching is. */
const fetchShare = 0.9;
/** Before a file is asked for again that is not there, or whose sender has gone, ms: each question counts at the provider. */
const againMs = 30_000;
/** Before a file of which something worth the question came is gone on with, ms. */
const goOnMs = 1_000;
const worthBytes = 64 * 1024;
/** Before a host that the operator has to allow first is looked at again, ms. */
const refusedMs = 60_000;

/** Makes files of those that the video provider has made: fetched, looked at, and stored with us. */
export function fetching(deps: FetchingDeps): RenditionMaker {
  const partOf = ({ id }: Rendition) => path.join(deps.workDir, `${id}.download`);
  return {
    make: async (rendition, recording, output, options) => {
      const input = partOf(rendition);
      await fetchFile(deps, recording, input, options);
      const { audioOnly } = rendition;
      try {
        return await deps.adopt(
          { task: "adopt", input, output, audioOnly },
          {
            signal: options.signal,
            onProgress: ({ done }) =>
              options.onProgress({ done: fetchShare + done * (1 - fetchShare), etaMs: null }),
          },
        );
      } catch (error) {
        // It may have come damaged.
        if (!options.signal.aborted) await deps.forget(input);
        throw error;
      }
    },
    forget: (rendition) => deps.forget(partOf(rendition)),
  };
}

async function fetchFile(
  deps: FetchingDeps,
  recording: Recording,
  file: string,
  { signal, onProgress }: MakeOptions,
): Promise<void> {
  const url = await linkOf(deps, recording, signal);
  if (!deps.isAllowed(url))
    throw new Away(
      `files are not fetched from ${url.host}; CONNVO_STREAM_FILE_HOSTS names the hosts that are`,
      { pauseMs: refusedMs },
    );
  try {
    await deps.fetch(url, file, {
      signal,
      admit: (bytes) => requireSpace(deps.services, bytes),
      onProgress: (done) => onProgress({ done: done * fetchShare, etaMs: null }),
    });
  } catch (cause) {
    if (signal.aborted || isFinal(cause)) throw cause;
    const { received = 0 } = cause as { received?: number };
    const pauseMs = received >= worthBytes ? goOnMs : againMs;
    throw new Away("the file could not be fetched", { cause, pauseMs });
  }
}

/** A link lives for one use: it is asked for anew each time, and never stored. */
async function linkOf(
  { services }: FetchingDeps,
  recording: Recording,
  signal: AbortSignal,
): Promise<URL> {
  const { db, video, clock } = services;
  const ref = await db.read((tx) => refWithFiles(tx, recording));
  const link = await video.fileLink(ref, signal).catch((cause: unknown) => {
    if (isAppError(cause) && cause.blame === "provider")
      throw new Away("the video provider did not answer", { cause, pauseMs: pauseOf(cause) });
    throw cause;
  });
  if (link !== undefined && URL.canParse(link)) return new URL(link);
  if (clock.now() - recording.requestedAt > fileRetentionMs)
    throw unusable("the video provider has the file no longer", false);
  throw new Away("the video provider does not list the file", { pauseMs: againMs });
}

/** Longer where the provider asks for it. */
function pauseOf({ metadata }: AppError): number {
  const hint = metadata?.["retryAfterMs"];
  return Math.max(againMs, typeof hint === "number" ? hint : 0);
}

async function requireSpace(
  { config, freeDiskBytes }: RecordingServices,
  bytes: number,
): Promise<void> {
  const freeBytes = await freeDiskBytes();
  if (freeBytes - bytes < config.diskReserveBytes)
    throw new Error(`${bytes} bytes do not fit on the disk: ${freeBytes} are free`);
}

/** Nothing that another attempt could change. */
const isFinal = (error: unknown): boolean => (error as { retryable?: boolean }).retryable === false;
