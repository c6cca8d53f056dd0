import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { FastifyPluginAsync } from "fastify";
import { loadAdminKey } from "../auth/adminKey.ts";
import { localAuthAllowed } from "../auth/issuers/localAuthAllowed.ts";
import { createLinkSigner } from "../auth/signedLink.ts";
import { createPeerTokens } from "../auth/tokens/peerTokens.ts";
import type { Config } from "../config/config.ts";
import { projectRoot, webFolder } from "../config/paths.ts";
import { systemClock } from "../core/clock.ts";
import { Lifetime } from "../core/lifetime.ts";
import type { Log } from "../core/log.ts";
import { orThrow } from "../core/result.ts";
import examples from "../generated/examples.json" with { type: "json" };
import { functionModules } from "../generated/modules.ts";
import { recordingFiles } from "../http/files/recordingFiles.ts";
import { recordingTracks } from "../http/files/recordingTracks.ts";
import { OpenFiles } from "../http/limits/openFiles.ts";
import { metricsRoute } from "../http/metrics.ts";
import { roomRoutes } from "../http/rooms/roomRoutes.ts";
import { buildServer } from "../http/server.ts";
import { isStrictTransport } from "../http/strictTransport.ts";
import { syncRoutes } from "../http/sync/syncRoutes.ts";
import { openCertificate } from "../http/tls.ts";
import { webPages } from "../http/webPages.ts";
import { createCaptureReader } from "../media/format/captureReader.ts";
import { iceServersOf } from "../meetings/room/iceServers.ts";
import { NodeFigures } from "../monitoring/nodeFigures.ts";
import { createMetrics } from "../observe/metrics.ts";
import { capturesStay, createCaptureCopies } from "../recordings/archive/captureCopies.ts";
import { createCapturedMedia } from "../recordings/playback/capturedMedia.ts";
import { databaseAccounts } from "../runtime/call/accounts.ts";
import { type Call, Invoker } from "../runtime/call/invoke.ts";
import type { CallRecord } from "../runtime/call/outcome.ts";
import type { Services } from "../runtime/context.ts";
import { buildRegistry } from "../runtime/registry.ts";
import { momentOf } from "../sync/commitLog.ts";
import { SyncHub } from "../sync/hub.ts";
import type { VerifiedGrant } from "../video/embedded/roomTokens.ts";
import { blaming } from "./blaming.ts";
import { freeBytes, makeDataFolder, openData, openSite } from "./data.ts";
import { startFigures } from "./figures.ts";
import { addLiveGauges, addServerGauges } from "./gauges.ts";
import { startLoops, startWebhooks } from "./jobs.ts";
import { openLanguageModel } from "./languageModel.ts";
import { openMeaning } from "./meaning.ts";
import { authenticatorOf, isEverybodyFree, localIssuerRoutes, openIssuer } from "./signIn.ts";
import { openStorage } from "./storage.ts";
import { streamWebhook } from "./streamWebhook.ts";
import { followPresence, openVideo, type StopOptions } from "./video.ts";

/** A running server. */
export interface App {
  /** Where clients reach it. */
  readonly url: string;
  /** Takes no new work, lets the work at hand finish, closes everything in order. */
  stop(options?: StopOptions): Promise<void>;
  /** Reads the certificate's files again; absent when there is none. */
  reloadCertificate?: () => Promise<void>;
}

/** Time a request may still take once the server is to stop, ms. */
const drainMs = 15_000;

/**
 * Builds and starts a server from its settings: the only place that picks adapters. Closes all it opened on failure.
 * @throws also when `stopWanted` aborts before it is up
 */
export async function startApp(
  config: Config,
  log: Log,
  stopWanted: AbortSignal = new AbortController().signal,
): Promise<App> {
  const lifetime = new Lifetime(log);
  try {
    return await open(config, log, lifetime, stopWanted);
  } catch (error) {
    await lifetime.close();
    throw error;
  }
}

async function open(
  config: Config,
  log: Log,
  lifetime: Lifetime,
  stopWanted: AbortSignal,
): Promise<App> {
  const startedAt = performance.now();
  const localIssuerWanted = orThrow(localAuthAllowed(config));
  const certificate = await openCertificate(config, log);
  await blaming("CONNVO_DATA_DIR", makeDataFolder(config.dataDir));
  let address = config.publicUrl;
  const publicUrl = () => {
    if (address === undefined) throw new Error("the server does not listen yet");
    return address;
  };

  const db = await openData(config, log, lifetime, stopWanted);
  stopWanted.throwIfAborted();
  const { storage, archive } = await openStorage(config, db, log, lifetime);
  stopWanted.throwIfAborted();
  const adminKey = await loadAdminKey(config, log);
  const local = localIssuerWanted ? await openIssuer(config, log) : undefined;
  if (isEverybodyFree(config))
    log.warn(
      { settings: ["CONNVO_DEFAULT_PLAN", "CONNVO_PLAN_CLAIM"] },
      "whoever signs in is on the free plan, on which nothing is recorded, unless setPlan gives them another",
    );
  const authenticator = authenticatorOf(config, log, adminKey, local);
  const siteId = await openSite(config, db, log, lifetime);
  const stopping: StopOptions = {};
  const { video, embedded } = await openVideo(config, db, log, lifetime, {
    stopWanted,
    stopping,
  });
  stopWanted.throwIfAborted();
  const copies =
    archive && siteId !== null
      ? createCaptureCopies({ db, clock: systemClock }, siteId)
      : capturesStay;
  const languageModel = await openLanguageModel(config);
  const meaning = await openMeaning(config, log, lifetime);
  const services: Services = {
    config,
    db,
    video,
    storage,
    clock: systemClock,
    log,
    links: createLinkSigner(adminKey),
    peerTokens: createPeerTokens(adminKey, systemClock),
    copies,
    languageModel,
    meaning,
    captured: createCapturedMedia(video, createCaptureReader(), copies),
    nodeId: randomUUID(),
    siteId,
    publicUrl,
    freeDiskBytes: () => freeBytes(config.dataDir),
  };
  const metrics = createMetrics();
  addServerGauges(metrics, { db, video, rooms: embedded });
  const presence = followPresence(services, lifetime);
  startLoops(services, lifetime, archive, metrics);

  const registry = buildRegistry(functionModules);
  const accounts = databaseAccounts(db);
  const figures = new NodeFigures(systemClock);
  const onCall = (record: CallRecord, call: Call) => {
    metrics.onCall(record);
    figures.onCall(record, call);
    log.debug(record, "call");
  };
  const invoker = new Invoker({ registry, services, accounts, log, onCall });
  const hub = await SyncHub.open({
    db,
    invoker,
    authenticator,
    clock: systemClock,
    log,
    transactions: Math.ceil(config.databasePoolSize / 2),
    onTold: (told) => {
      if (told.stalenessMs !== undefined) metrics.onDelivered(told.stalenessMs);
      figures.onTold(told);
    },
  });
  addLiveGauges(metrics, hub);
  startFigures(services, lifetime, { figures, hub, invoker, waitingPresences: presence.waiting });
  const files = { ...services, authenticator, openFiles: new OpenFiles() };
  const plugins: FastifyPluginAsync[] = [
    async (scope) => recordingFiles(scope, files),
    async (scope) => recordingTracks(scope, files),
    async (scope) => metricsRoute(scope, { metrics, authenticator }),
    async (scope) => syncRoutes(scope, { hub, clock: systemClock, registry, ...config }),
    (scope) => webPages(scope, { folder: webFolder(), localAuth: localIssuerWanted }),
  ];
  if (embedded) {
    const servers = ({ user }: VerifiedGrant) => iceServersOf(services, user.id);
    const userOf = ({ user }: VerifiedGrant) => user.id;
    const options = { rooms: embedded, iceServersOf: servers, userOf };
    plugins.push(async (scope) => roomRoutes(scope, options));
  }
  const webhook = streamWebhook({ config, db, metrics });
  if (webhook) plugins.push(webhook);
  if (local) plugins.push(localIssuerRoutes(config, local));
  const server = buildServer({
    registry,
    examples,
    invoker,
    authenticator,
    clock: systemClock,
    log,
    version: version(),
    commitTs: async () => (await db.read(momentOf)).ts,
    publicUrl,
    connections: { total: config.connectionLimit, perAddress: config.addressConnectionLimit },
    trustedProxies: config.trustedProxies,
    tls: certificate?.pair,
    strictTransport: certificate !== undefined && isStrictTransport(config.publicUrl),
    readiness: [{ name: "database", check: () => db.ping() }],
    plugins,
  });
  lifetime.add("http", (hurry) => server.close(drainMs, hurry));
  lifetime.add("live clients", (hurry) => hub.close(hurry));
  const followed = certificate?.follow((pair) => server.useCertificate(pair));
  if (followed) lifetime.add("certificate", async () => followed.stop());
  const listening = await blaming("HOST, PORT", server.listen(config.host, config.port));
  address ??= listening;
  startWebhooks(services, lifetime, metrics);
  const startMs = Math.round(performance.now() - startedAt);
  log.info({ url: address, video: video.name, startMs }, "ready");
  const stop = (options: StopOptions = {}) => {
    Object.assign(stopping, options);
    return lifetime.close(options.hurry);
  };
  return followed
    ? { url: address, stop, reloadCertificate: followed.reload }
    : { url: address, stop };
}

function version(): string {
  const file = path.join(projectRoot(), "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
