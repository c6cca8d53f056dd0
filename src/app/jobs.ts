import { availableParallelism } from "node:os";
import path from "node:path";
import { processEntry, searchPath } from "../config/paths.ts";
import type { Lifetime } from "../core/lifetime.ts";
import { startArchivingLoop } from "../jobs/archiving.ts";
import { composing } from "../jobs/composing.ts";
import { startCopyRemovalLoop, startRestoreLoop } from "../jobs/copies.ts";
import { startEmbeddingLoop } from "../jobs/embeddings.ts";
import { startExpiringLoop, startTranscriptExpiringLoop } from "../jobs/expiring.ts";
import { fetching } from "../jobs/fetching.ts";
import { startInsightLoop } from "../jobs/insights.ts";
import type { Loop } from "../jobs/loop.ts";
import { machineLoad } from "../jobs/machineLoad.ts";
import { startMatchingLoop } from "../jobs/matching.ts";
import { startNoticeLoop } from "../jobs/notices.ts";
import { startPromptLoop } from "../jobs/prompts.ts";
import { type RenditionMaker, startRenditionLoop } from "../jobs/renditions.ts";
import { startRetentionLoop } from "../jobs/retention.ts";
import { startSettleLoops } from "../jobs/settle.ts";
import { startSliceLoop } from "../jobs/slices.ts";
import { startSweepLoop } from "../jobs/sweepStorage.ts";
import { startTranscribingLoop } from "../jobs/transcribing.ts";
import { startWebhookLoop } from "../jobs/webhooks.ts";
import { adopt } from "../media/compose/composer.ts";
import { SliceComposer } from "../media/compose/sliceComposer.ts";
import { Transcriber } from "../media/transcribe/transcriber.ts";
import { download, forgetPart } from "../net/download.ts";
import { outbound } from "../net/outbound.ts";
import type { Metrics } from "../observe/metrics.ts";
import { retentionOf } from "../recordings/lifecycle/expire.ts";
import { captureFolder } from "../rooms/contract/unsealed.ts";
import type { Services } from "../runtime/context.ts";
import type { Archive } from "../storage/port.ts";
import { hasSpeechEngine } from "../transcripts/listens.ts";
import { roomPaths } from "../video/embedded/paths.ts";
import { endpointUrl } from "../webhooks/address.ts";
import { addArchiveMetrics, addDeliveryMetrics } from "./backlogMetrics.ts";
import { openSpeechEngine } from "./speechEngine.ts";

/** A day of 1080p is far below this. */
const maxProviderFileBytes = 256 * 2 ** 30;
/** A sender of a file that says nothing for this long has gone, ms. */
const senderSilenceMs = 30_000;
/** A receiver of webhooks that says nothing for this long has gone, ms. */
const receiverSilenceMs = 15_000;

/** Starts all background work, as much of it as this server's provider leaves to it. */
export function startLoops(
  services: Services,
  lifetime: Lifetime,
  archive: Archive | undefined,
  metrics: Metrics,
): void {
  const { config, video } = services;
  const loops = [
    ...startSettleLoops(services),
    startRetentionLoop(services),
    startInsightLoop(services),
    startPromptLoop(services),
    startMatchingLoop(services),
    ...startExpiring(services),
    startSweepLoop({ ...services, archive }),
    ...(archive ? startArchiving(services, archive, metrics) : []),
  ];
  if (!video.capabilities.composesLocally) loops.push(startNoticeLoop(services));
  if (config.composeJobs > 0)
    loops.push(
      ...(video.capabilities.composesLocally ? startComposing(services) : startFetching(services)),
    );
  const embedder = services.meaning?.embedder;
  if (embedder) loops.push(startEmbeddingLoop({ ...services, embedder }));
  if (hasSpeechEngine(services)) loops.push(startTranscribing(services));
  lifetime.add("background work", () => Promise.all(loops.map((loop) => loop.stop())));
}

/** Nothing to do where everything is kept for ever. */
function startExpiring(services: Services): Loop[] {
  const { config } = services;
  const retention = retentionOf(config);
  const isLimited = retention.free !== null || retention.paid !== null;
  const keptDays = config.keepTranscriptsDays;
  return [
    ...(isLimited ? [startExpiringLoop(services, retention)] : []),
    ...(keptDays > 0 ? [startTranscriptExpiringLoop(services, keptDays)] : []),
  ];
}

/** Sends webhooks; once the server listens, because they tell its address. */
export function startWebhooks(services: Services, lifetime: Lifetime, metrics: Metrics): void {
  const { webhookOrigins = [] } = services.config;
  const loop = startWebhookLoop({
    services,
    send: outbound({ trustedOrigins: webhookOrigins, silenceMs: receiverSilenceMs }),
    isAllowed: (url) => endpointUrl(url.href, webhookOrigins).ok,
    onAttempt: addDeliveryMetrics(metrics, services.db),
  });
  lifetime.add("webhooks", () => loop.stop());
}

/** How a child process is started: it needs none of our settings, and least of all our secrets. */
const childOf = (name: "composeProcess" | "speechProcess", { log }: Services) => ({
  entry: processEntry(name),
  log,
  env: { PATH: searchPath() },
});

const workDirOf = ({ config }: Services) => path.join(config.dataDir, "composing");

function startWorkers(services: Services, maker: RenditionMaker): Loop[] {
  const deps = { services, workDir: workDirOf(services), maker };
  return Array.from({ length: services.config.composeJobs }, (_, worker) =>
    startRenditionLoop(deps, worker),
  );
}

function startFetching(services: Services): Loop[] {
  const { config } = services;
  const api = new URL(config.streamBaseUrl);
  const send = outbound({ trustedOrigins: [api.origin], silenceMs: senderSilenceMs });
  const maker = fetching({
    services,
    workDir: workDirOf(services),
    fetch: (url, file, options) =>
      download(url, file, { ...options, send, maxBytes: maxProviderFileBytes }),
    forget: forgetPart,
    adopt: (job, options) => adopt(job, { ...childOf("composeProcess", services), ...options }),
    isAllowed: (url) =>
      url.origin === api.origin ||
      (url.protocol === "https:" && isWithin(url.hostname, config.streamFileHosts)),
  });
  return startWorkers(services, maker);
}

function isWithin(host: string, domains: readonly string[]): boolean {
  return domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
}

/** Captures are archived where they are ours. */
function startArchiving(services: Services, archive: Archive, metrics: Metrics): Loop[] {
  const { siteId, config } = services;
  if (siteId === null) return [];
  const { recordingsDir } = roomPaths(config.dataDir);
  const captureDir = (recordingId: string) => captureFolder(recordingsDir, recordingId);
  const counters = addArchiveMetrics(metrics, services.db);
  const deps = { services, archive, siteId, captureDir, ...counters };
  return [startArchivingLoop(deps), startRestoreLoop(deps), startCopyRemovalLoop(deps)];
}

function startTranscribing(services: Services): Loop {
  const engine = openSpeechEngine(services.config);
  const transcriber = new Transcriber({ ...childOf("speechProcess", services), engine });
  const { recordingsDir } = roomPaths(services.config.dataDir);
  const loop = startTranscribingLoop({
    services,
    captureDir: (recordingId) => captureFolder(recordingsDir, recordingId),
    workDir: path.join(services.config.dataDir, "transcribing"),
    listen: (recording, onHeard, signal) => transcriber.listen(recording, onHeard, signal),
  });
  return {
    wake: () => loop.wake(),
    stop: async () => {
      await loop.stop();
      transcriber.close();
    },
  };
}

function startComposing(services: Services): Loop[] {
  const { config } = services;
  const slices = new SliceComposer({
    ...childOf("composeProcess", services),
    parallel: config.composeSlices ?? availableParallelism(),
  });
  const workDir = workDirOf(services);
  const maker = composing({
    services,
    workDir,
    compose: (job, options) => slices.compose(job, options),
  });
  const workers = startWorkers(services, maker);
  if (config.composer !== "node-av") return workers;
  return [...workers, startSliceLoop({ services, workDir, slices, load: machineLoad() })];
}
