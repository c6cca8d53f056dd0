import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, mkdir, stat, statfs } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import path from "node:path";
import type { FastifyPluginAsync } from "fastify";
import { loadAdminKey } from "./auth/adminKey.ts";
import { issuersFromConfig } from "./auth/issuers/issuersFromConfig.ts";
import { localAuthAllowed } from "./auth/issuers/localAuthAllowed.ts";
import { type LocalIssuer, openLocalIssuer } from "./auth/issuers/localIssuer.ts";
import { keysFolder, readOrCreateSecret } from "./auth/secretFile.ts";
import { createLinkSigner } from "./auth/signedLink.ts";
import { type Authenticator, createAuthenticator } from "./auth/tokens/authenticator.ts";
import type { Config } from "./config/config.ts";
import { processEntry, projectRoot, searchPath, webFolder } from "./config/paths.ts";
import { systemClock } from "./core/clock.ts";
import { Lifetime } from "./core/lifetime.ts";
import type { Log } from "./core/log.ts";
import { orThrow } from "./core/result.ts";
import { type ConnectionTarget, connectDirectly } from "./db/connection.ts";
import { openTarget } from "./db/embedded/target.ts";
import { migrate } from "./db/migrate.ts";
import { migrationsFolder } from "./db/migrationsFolder.ts";
import { openDatabase } from "./db/pool.ts";
import type { Database } from "./db/port.ts";
import { addServerGauges } from "./gauges.ts";
import { functionModules } from "./generated/modules.ts";
import { recordingFiles } from "./http/files/recordingFiles.ts";
import { recordingTracks } from "./http/files/recordingTracks.ts";
import { OpenFiles } from "./http/limits/openFiles.ts";
import { metricsRoute } from "./http/metrics.ts";
import { roomRoutes } from "./http/rooms/rooms.ts";
import { buildServer } from "./http/server.ts";
import { localAuth } from "./http/signIn/localAuth.ts";
import { isStrictTransport } from "./http/strictTransport.ts";
import { openCertificate } from "./http/tls.ts";
import { webPages } from "./http/webPages.ts";
import { type Compose, startComposeLoop } from "./jobs/compose.ts";
import type { Loop } from "./jobs/loop.ts";
import { machineLoad } from "./jobs/machineLoad.ts";
import { startRetentionLoop } from "./jobs/retention.ts";
import { startSettleLoops } from "./jobs/settle.ts";
import { holdSite } from "./jobs/site.ts";
import { startSliceLoop } from "./jobs/slices.ts";
import { SliceComposer } from "./media/compose/sliceComposer.ts";
import { createCaptureReader } from "./media/format/captureReader.ts";
import { recordPresence } from "./meetings/people/presence.ts";
import { iceServersOf } from "./meetings/room/iceServers.ts";
import { createMetrics } from "./observe/metrics.ts";
import { createCapturedMedia } from "./recordings/playback/capturedMedia.ts";
import { databaseAccounts } from "./runtime/call/accounts.ts";
import { Invoker } from "./runtime/call/invoke.ts";
import type { CallRecord } from "./runtime/call/outcome.ts";
import type { Services } from "./runtime/context.ts";
import { buildRegistry } from "./runtime/registry.ts";
import { createFileStorage } from "./storage/file/fileStorage.ts";
import { EmbeddedVideoProvider } from "./video/embedded/provider.ts";
import type { VerifiedGrant } from "./video/embedded/roomTokens.ts";
import { type ResilientVideoProvider, withResilience } from "./video/resilience.ts";

/** A running server. */
export interface App {
  /** Where clients reach it. */
  readonly url: string;
  /** Takes no new work, lets the work at hand finish, closes everything in order. */
  stop(options?: StopOptions): Promise<void>;
  /** Reads the certificate's files again; absent when there is none. */
  reloadCertificate?: () => Promise<void>;
}

export interface StopOptions {
  /** Aborts when there is no more time to let anything finish. */
  hurry?: AbortSignal;
  /** Rooms in use stay for the next server, so that neither a meeting nor a recording is interrupted. */
  handOver?: boolean;
}

/** Time the room process and PostgreSQL have to end once there is hurry, by force at last, ms. */
const hurriedRoomsMs = 8_000;
const hurriedPostgresMs = 18_000;

/** Time a request may still take once the server is to stop, ms. */
const drainMs = 15_000;

/**
 * Builds and starts a server from its settings: the only place that picks adapters. Closes all it opened on failure.
 * @throws also when `stopWanted` aborts before it is up
 */
export async function compose(
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
  const { video, embedded } = await openVideo(config, log, lifetime, { stopWanted, stopping });
  stopWanted.throwIfAborted();
  const services: Services = {
    config,
    db,
    video,
    storage: createFileStorage(config.dataDir),
    clock: systemClock,
    log,
    links: createLinkSigner(adminKey),
    captured: createCapturedMedia(video, createCaptureReader()),
    nodeId: randomUUID(),
    siteId,
    publicUrl,
    freeDiskBytes: () => freeBytes(config.dataDir),
  };
  const metrics = createMetrics();
  addServerGauges(metrics, { db, video, rooms: embedded });
  followPresence(services, lifetime);
  startLoops(services, lifetime);

  const registry = buildRegistry(functionModules);
  const accounts = databaseAccounts(db);
  const onCall = (call: CallRecord) => {
    metrics.onCall(call);
    log.debug(call, "call");
  };
  const invoker = new Invoker({ registry, services, accounts, log, onCall });
  const files = { ...services, authenticator, openFiles: new OpenFiles() };
  const plugins: FastifyPluginAsync[] = [
    async (scope) => recordingFiles(scope, files),
    async (scope) => recordingTracks(scope, files),
    async (scope) => metricsRoute(scope, { metrics, authenticator }),
    (scope) => webPages(scope, { folder: webFolder(), localAuth: localIssuerWanted }),
  ];
  if (embedded) {
    const servers = ({ user }: VerifiedGrant) => iceServersOf(services, user.id);
    const userOf = ({ user }: VerifiedGrant) => user.id;
    const options = { rooms: embedded, iceServersOf: servers, userOf };
    plugins.push(async (scope) => roomRoutes(scope, options));
  }
  if (local) plugins.push(localIssuerRoutes(config, local));
  const server = buildServer({
    registry,
    invoker,
    authenticator,
    clock: systemClock,
    log,
    version: version(),
    publicUrl,
    connections: { total: config.connectionLimit, perAddress: config.addressConnectionLimit },
    trustedProxies: config.trustedProxies,
    tls: certificate?.pair,
    strictTransport: certificate !== undefined && isStrictTransport(config.publicUrl),
    readiness: [{ name: "database", check: () => db.ping() }],
    plugins,
  });
  lifetime.add("http", (hurry) => server.close(drainMs, hurry));
  const followed = certificate?.follow((pair) => server.useCertificate(pair));
  if (followed) lifetime.add("certificate", async () => followed.stop());
  const listening = await blaming("HOST, PORT", server.listen(config.host, config.port));
  address ??= listening;
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

/** Nobody else may look; where this is root, PostgreSQL's own account has to pass through to its folder inside. */
async function makeDataFolder(dataDir: string): Promise<void> {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  await mkdir(dataDir, { recursive: true, mode });
  const { mode: found } = await stat(dataDir);
  if (process.platform !== "win32" && (found & 0o777 & ~mode) !== 0) await chmod(dataDir, mode);
}

async function openData(
  config: Config,
  log: Log,
  lifetime: Lifetime,
  stopWanted: AbortSignal,
): Promise<Database> {
  const { connection, stop } = await openTarget(config, log, systemClock, stopWanted);
  lifetime.add("PostgreSQL", stop, { hurriedMs: hurriedPostgresMs });
  stopWanted.throwIfAborted();
  if (config.databaseUrl !== undefined) await blaming("DATABASE_URL", reach(connection));
  await migrate({ connection, folder: migrationsFolder(), log });
  const db = await openDatabase({
    connection,
    poolSize: config.databasePoolSize,
    namedStatements: config.databaseNamedStatements,
    log,
  });
  lifetime.add("database", () => db.close());
  return db;
}

async function reach(connection: ConnectionTarget): Promise<void> {
  const client = await connectDirectly(connection);
  await client.end();
}

/** Names the setting in the one line that tells the operator why nothing starts. */
async function blaming<T>(setting: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${setting}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A name with several addresses fails with one error for each and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}

/** Where rooms are ours, so are the media of their recordings: this folder's. @returns its id */
async function openSite(
  config: Config,
  db: Database,
  log: Log,
  lifetime: Lifetime,
): Promise<string | null> {
  if (config.streamApiKey !== undefined) return null;
  const { dataDir } = config;
  const id = await readOrCreateSecret(path.join(keysFolder(dataDir), "site"), randomUUID, log);
  const site = { id: id.trim(), place: `${hostname()}:${dataDir}` };
  const held = await blaming("DATABASE_URL", holdSite({ db, clock: systemClock, log }, site));
  lifetime.add("site", () => held.close());
  return site.id;
}

interface Video {
  video: ResilientVideoProvider;
  /** Present when rooms are ours. */
  embedded: EmbeddedVideoProvider | undefined;
}

async function openVideo(
  config: Config,
  log: Log,
  lifetime: Lifetime,
  { stopWanted, stopping }: { stopWanted: AbortSignal; stopping: StopOptions },
): Promise<Video> {
  const { streamApiKey: apiKey, streamApiSecret: apiSecret, streamBaseUrl: baseUrl } = config;
  if (apiKey !== undefined && apiSecret !== undefined) {
    // Its client is not loaded where it is not used.
    const { GetStreamVideoProvider } = await import("./video/getstream/provider.ts");
    const stream = new GetStreamVideoProvider({
      apiKey,
      apiSecret,
      baseUrl,
      clock: systemClock,
      log,
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

function openIssuer({ dataDir, localPlan: plan }: Config, log: Log): Promise<LocalIssuer> {
  return openLocalIssuer({ dataDir, plan, clock: systemClock, log });
}

function authenticatorOf(
  config: Config,
  log: Log,
  adminKey: string,
  local: LocalIssuer | undefined,
): Authenticator {
  const issuers = issuersFromConfig(config);
  if (local) issuers.push(local.issuer);
  return createAuthenticator({ issuers, adminKey, clock: systemClock, log });
}

/** Issuers outside say nothing of plans unless they are asked. */
function isEverybodyFree(config: Config): boolean {
  const { workosClientId, oidcIssuer, defaultPlan, planClaim, workosPlanClaim } = config;
  const outside = workosClientId !== undefined || oidcIssuer !== undefined;
  const asked = planClaim !== undefined || workosPlanClaim !== undefined;
  return outside && !asked && defaultPlan === "free";
}

function localIssuerRoutes(config: Config, issuer: LocalIssuer): FastifyPluginAsync {
  const { publicUrl, localAuthAnywhere: anywhere } = config;
  return async (scope) => localAuth(scope, { issuer, publicUrl, anywhere });
}

/** Presences of a room are written one after the other, in the order they happened. */
function followPresence({ db, video, log }: Services, lifetime: Lifetime): void {
  let written: Promise<void> = Promise.resolve();
  const unsubscribe = video.onPresence((presence) => {
    written = written
      .then(() => recordPresence(db, presence))
      .catch((error: unknown) => log.error({ err: error, ...presence }, "presence not recorded"));
  });
  lifetime.add("presence", async () => {
    unsubscribe();
    await written;
  });
}

function startLoops(services: Services, lifetime: Lifetime): void {
  const { config, video } = services;
  const loops = [...startSettleLoops(services), startRetentionLoop(services)];
  if (video.capabilities.composesLocally && config.composeJobs > 0)
    loops.push(...startComposing(services));
  lifetime.add("background work", () => Promise.all(loops.map((loop) => loop.stop())));
}

function startComposing(services: Services): Loop[] {
  const { config, log } = services;
  const slices = new SliceComposer({
    entry: processEntry("composeProcess"),
    log,
    // The child needs none of our settings, and least of all our secrets.
    env: { PATH: searchPath() },
    parallel: config.composeSlices ?? availableParallelism(),
  });
  const workDir = path.join(config.dataDir, "composing");
  const compose: Compose = (job, options) => slices.compose(job, options);
  const workers = Array.from({ length: config.composeJobs }, (_, worker) =>
    startComposeLoop({ services, workDir, compose }, worker),
  );
  if (config.composer !== "node-av") return workers;
  return [...workers, startSliceLoop({ services, workDir, slices, load: machineLoad() })];
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function version(): string {
  const file = path.join(projectRoot(), "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
