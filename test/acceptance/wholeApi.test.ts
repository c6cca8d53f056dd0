import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { startTcpRelay, type TcpRelay } from "../support/tcpRelay.ts";
import { openReceiver, type Receiver } from "../support/webhookReceiver.ts";
import { Story } from "./story/story.ts";
import { adminKey, freePort, type ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";

// A story is long: some hundred calls, and servers that start four times.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 180_000 });

let receiver: Receiver;

beforeAll(async () => {
  receiver = await openReceiver();
});

afterAll(() => receiver.close());

/** Nodes of one site behind one address. */
class Nodes {
  readonly #site: Site;
  readonly #relay: TcpRelay;
  readonly #ports: readonly number[];
  readonly #nodes: ServerProcess[] = [];

  private constructor(site: Site, relay: TcpRelay, ports: readonly number[]) {
    this.#site = site;
    this.#relay = relay;
    this.#ports = ports;
  }

  static async start(count: number): Promise<Nodes> {
    const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
    const relay = await startTcpRelay(...ports.map((port) => `http://127.0.0.1:${port}`));
    const nodes = new Nodes(await openSite(), relay, ports);
    for (const which of ports.keys()) await nodes.#start(which);
    return nodes;
  }

  get url(): string {
    return this.#relay.url;
  }

  /** kill -9, and started again. */
  async replace(which: number): Promise<void> {
    await this.#nodes[which]?.kill();
    await this.#start(which);
  }

  async close(): Promise<void> {
    await this.#site.close();
    await this.#relay.close();
  }

  async #start(which: number): Promise<void> {
    const env = {
      CONNVO_PUBLIC_URL: this.url,
      CONNVO_LOCAL_AUTH_ANYWHERE: "1",
      CONNVO_WEBHOOK_ORIGINS: receiver.origin,
    };
    this.#nodes[which] = await this.#site.start(env, this.#ports[which]);
  }
}

it.each([
  ["one node, killed twice", [0, 0]],
  ["two nodes behind one address, each killed once", [0, 1]],
])("every published function, by clients as they are: %s", async (_, killed) => {
  const nodes = await Nodes.start(new Set(killed).size);
  onTestFinished(() => nodes.close());
  const left = [...killed];
  const story = await Story.begin({
    ...{ url: nodes.url, adminKey, hooksUrl: `${receiver.origin}/story` },
    disturb: () => nodes.replace(left.shift() ?? 0),
  });
  onTestFinished(() => story.end());
  await story.play();
  expect(left).toEqual([]);
  await story.verify();
});
