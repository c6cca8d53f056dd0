import { randomUUID } from "node:crypto";
import { copyFile, rm } from "node:fs/promises";
import path from "node:path";
import type { Identity } from "../../src/auth/identity.ts";
import { createLinkSigner } from "../../src/auth/signedLink.ts";
import { createPeerTokens } from "../../src/auth/tokens/peerTokens.ts";
import { loadConfig } from "../../src/config/config.ts";
import { silentLog } from "../../src/core/log.ts";
import { functionModules } from "../../src/generated/modules.ts";
import { fetching } from "../../src/jobs/fetching.ts";
import { startNoticeLoop } from "../../src/jobs/notices.ts";
import { startRenditionLoop } from "../../src/jobs/renditions.ts";
import { startSettleLoops } from "../../src/jobs/settle.ts";
import { startWebhookLoop } from "../../src/jobs/webhooks.ts";
import type { ProbeFinding } from "../../src/media/compose/protocol.ts";
import { download, forgetPart } from "../../src/net/download.ts";
import { capturesStay } from "../../src/recordings/archive/captureCopies.ts";
import { storeNotice } from "../../src/recordings/notices.ts";
import { noteRate } from "../../src/recordings/providerRates.ts";
import { databaseAccounts } from "../../src/runtime/call/accounts.ts";
import { Invoker } from "../../src/runtime/call/invoke.ts";
import type { Outcome } from "../../src/runtime/call/outcome.ts";
import type { Services } from "../../src/runtime/context.ts";
import { buildRegistry } from "../../src/runtime/registry.ts";
import { createFileStorage } from "../../src/storage/file/fileStorage.ts";
import type { Delivery } from "../../src/synth/getstream/deliveries.ts";
import { GetStreamVideoProvider } from "../../src/video/getstream/provider.ts";
import { judgeWebhook } from "../../src/video/getstream/webhook.ts";
import type { VideoProvider } from "../../src/video/port.ts";
import { withResilience } from "../../src/video/resilience.ts";
import { type LoopName, parking } from "./loops.ts";
import { message, never, sendFile } from "./network.ts";
import { attributed, databaseOf, storageOf } from "./ports.ts";
import { inside } from "./virtualTime.ts";
import type { CampaignPlace, World } from "./world.ts";

/** What a test may put in the place of a part, to see that it is found out. */
export interface Plant {
  provider?(provider: VideoProvider, node: Node): VideoProvider;
  database?(db: Services["db"], node: Node): Services["db"];
}

const registry = buildRegistry(functionModules);

/** One server: its objects wired as the product wires them, on ports that a kill cuts off. */
export class Node {
  isDead = false;
  readonly world: World;
  readonly services: Services;
  /** The database without what a test has planted. */
  readonly plain: Services["db"];
  readonly #invoker: Invoker;

  constructor(world: World, plant: Plant = {}) {
    this.world = world;
    this.plain = databaseOf(world, this);
    const db = plant.database?.(this.plain, this) ?? this.plain;
    const { clock } = world.time;
    const { apiKey, apiSecret } = world.stream.credentials;
    const baseUrl = world.stream.url;
    const stream = attributed(
      new GetStreamVideoProvider({
        ...{ apiKey, apiSecret, baseUrl, clock, log: silentLog },
        onScarce: (rate) => void db.transaction((tx) => noteRate(tx, rate)),
      }),
    );
    const provider = plant.provider?.(stream, this) ?? stream;
    this.services = {
      config: loadConfig({
        ...{ CONNVO_DATA_DIR: world.root, STREAM_API_KEY: apiKey, STREAM_API_SECRET: apiSecret },
      }),
      ...{ db, clock, log: silentLog, nodeId: randomUUID(), siteId: null },
      video: withResilience(provider, { log: silentLog, clock, random: () => 0.5 }),
      storage: storageOf(world, this, createFileStorage(path.join(world.root, "files"))),
      links: createLinkSigner("a secret of the tests"),
      peerTokens: createPeerTokens("a secret of the tests", clock),
      copies: capturesStay,
      languageModel: undefined,
      meaning: undefined,
      captured: { of: async () => undefined },
      publicUrl: () => "http://connvo.test",
      freeDiskBytes: async () => 1e12,
    };
    const { services } = this;
    const accounts = databaseAccounts(db);
    this.#invoker = new Invoker({ registry, services, accounts, log: silentLog });
    this.#run(() => this.#startLoops());
  }

  /** kill -9: nothing that it began goes on. */
  kill(): void {
    this.isDead = true;
  }

  /** A call of somebody; never answered when the server dies over it. */
  async call(identity: Identity, name: string, args: object): Promise<Outcome> {
    const subject = identity.kind === "user" ? identity.subject : identity.kind;
    const outcome = await this.#run(
      () =>
        this.#invoker.invoke({
          ...{ name, kind: undefined, args, argsBytes: 0, format: "json", identity },
          requestId: randomUUID(),
          signal: () => new AbortController().signal,
        }),
      { caller: subject },
    );
    return this.isDead ? never() : outcome;
  }

  /** A delivery of Stream's; as `app/streamWebhook.ts` does it. @throws where Stream would be answered with an error */
  async receive({ body, headers }: Delivery): Promise<void> {
    const { apiKey, apiSecret } = this.world.stream.credentials;
    const told = {
      ...{ signature: headers["x-signature"], apiKey: headers["x-api-key"] },
      id: headers["x-webhook-id"],
    };
    await this.#run(async () => {
      const keys = { apiKey, secrets: [apiSecret] };
      const verdict = await this.world.real(() => judgeWebhook(body, told, keys));
      if (!verdict.ok) throw new Error(verdict.refusal);
      await this.services.db.transaction((tx) => storeNotice(tx, verdict.notice));
    });
  }

  #run<T>(work: () => T, more: Partial<CampaignPlace> = {}): T {
    const { world } = this;
    const place: CampaignPlace = { time: world.time, world, node: this, ...more };
    return inside.run(place, work);
  }

  #startLoops(): void {
    const { services } = this;
    const as = (name: LoopName) => ({ ...services, clock: parking(this, name) });
    startSettleLoops(as("settle"));
    startNoticeLoop(as("notices"));
    startRenditionLoop(
      { services: as("renditions"), maker: this.#maker(), workDir: this.#workDir },
      0,
    );
    startWebhookLoop({
      services: as("webhooks"),
      ...{ isAllowed: () => true, random: () => 0.5 },
      send: (_url, { headers, body, signal }) => this.#told(headers, body, signal),
    });
  }

  get #workDir(): string {
    return path.join(this.world.root, "work");
  }

  #maker() {
    const { services, world } = this;
    const here = { world, node: this };
    return fetching({
      ...{ services, workDir: this.#workDir, isAllowed: () => true, forget: forgetPart },
      fetch: async (url, file, options) => {
        if (world.passes(this, "file fetch before")) return never();
        const send = (
          to: URL,
          {
            headers = {},
            signal,
          }: { headers?: Record<string, string>; signal?: AbortSignal | undefined },
        ) => sendFile(here, to, headers, signal);
        await download(url, file, { ...options, send, maxBytes: 2 ** 30 });
        if (world.passes(this, "file fetch after")) return never();
      },
      adopt: async ({ input, output }) => {
        await world.real(() => copyFile(input, output));
        await rm(`${output}.part`, { force: true });
        return world.passes(this, "file adopt after") ? never() : probe;
      },
    });
  }

  async #told(headers: Record<string, string>, body: Buffer, signal: AbortSignal) {
    const { world } = this;
    const { answers } = world.schedule.receiver;
    await world.time.sleep(20, signal);
    if (this.isDead) return never();
    const answer = world.isHealed ? "taken" : world.turn("receiver", answers);
    if (answer === "silent") {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal.reason;
    }
    if (answer === "failed") return message({ status: 500, headers: {} });
    world.received.push({ id: headers["webhook-id"] ?? "", body: body.toString() });
    if (world.passes(this, "told received after")) return never();
    if (answer === "lost") throw new Error("the connection broke");
    return message({ status: 204, headers: {} });
  }
}

const probe: ProbeFinding = {
  ...{ durationMs: 5_000, expectedDurationMs: 5_000, sizeBytes: 4, container: "mp4" },
  ...{ avOffsetMs: 0, faststart: true, problems: [] },
};
