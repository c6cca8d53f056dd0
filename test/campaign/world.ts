import { createHash, createHmac, randomBytes } from "node:crypto";
import type { Database } from "../../src/db/port.ts";
import type { Call, StreamEvent } from "../../src/synth/getstream/calls.ts";
import { type Delivery, deliveryOf } from "../../src/synth/getstream/deliveries.ts";
import { StandIn } from "../../src/synth/getstream/standIn.ts";
import type { TestSql } from "./database.ts";
import { Loops } from "./loops.ts";
import type { Node } from "./node.ts";
import { isAt } from "./points.ts";
import type { Schedule, Step } from "./schedule.ts";
import { inside, type Place, timeZero, VirtualTime } from "./virtualTime.ts";

/** On whose behalf something is done. */
export interface CampaignPlace extends Place {
  world: World;
  node?: Node;
  /** Who called. */
  caller?: string;
  /** Whose start the provider is asked for. */
  recordingId?: string;
}

export const placeNow = (): CampaignPlace | undefined =>
  inside.getStore() as CampaignPlace | undefined;

/** A StartRecording that reached Stream. */
export interface SentStart {
  recordingId: string | undefined;
  callId: string;
  /** Undefined where Stream refused it. */
  egressId: string | undefined;
  /** Whether the call was read since the last one that was sent for this recording. */
  looked: boolean;
}

/** An answer that a caller got. */
export interface Answered {
  caller: string;
  name: string;
  ok: boolean;
  value: unknown;
}

export interface ReceivedEvent {
  id: string;
  body: string;
}

type Armed = Extract<Step, { do: "crashAt" }>;

/** All of one schedule: Stream's cloud, a receiver of webhooks, time, and what was seen. */
export class World {
  readonly time = new VirtualTime();
  readonly stream: StandIn;
  readonly loops = new Loops(this);
  readonly nodes: Node[] = [];
  readonly starts: SentStart[] = [];
  /** Captures that Stream lost by itself, by their egress. */
  readonly lost = new Set<string>();
  /** Calls that were read since the last start was sent in them. */
  readonly lookedAt = new Set<string>();
  readonly answers: Answered[] = [];
  readonly received: ReceivedEvent[] = [];
  /** Statements that a caller's transactions wrote and committed. */
  readonly written = new Map<string, Set<string>>();
  /** How often servers were killed, by the point. */
  readonly crashes = new Map<string, number>();
  /** What happened, for people. */
  readonly log: string[] = [];
  /** When files were listed at Stream, by name; epoch ms. */
  readonly listedAt = new Map<string, number>();
  /** Rises with every transaction. */
  version = 0;
  /** Nothing goes wrong any more. */
  isHealed = false;
  /** How long no server was there, or too few; ms. */
  downMs = 0;
  readonly db: Database;
  readonly sql: TestSql;
  readonly schedule: Schedule;
  readonly #root: string;
  #busy = 0;
  #onIdle: (() => void) | undefined;
  #armed: Armed[] = [];
  readonly #turns = new Map<string, number>();
  #told = { now: 0, done: Promise.resolve() };
  #crash: (node: Node, downMs: number) => void = () => undefined;

  constructor(schedule: Schedule, parts: { db: Database; sql: TestSql; root: string }) {
    this.schedule = schedule;
    this.db = parts.db;
    this.sql = (text, values) => this.real(() => parts.sql(text, values));
    this.#root = parts.root;
    const { aheadMs, perMinute } = schedule.stream;
    this.stream = new StandIn({
      ...(perMinute === undefined ? {} : { perMinute }),
      now: () => this.time.now + aheadMs,
      ...{ captureAtOnce: false, filesAtOnce: false, content: contentOf },
      onWork: (work, call) => this.#work(work, call),
      onEvent: (event) => this.#tell(event),
    });
  }

  /** What whoever has the secret may sign. */
  get serverToken(): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ server: true })}`;
    const key = this.stream.credentials.apiSecret;
    return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
  }

  get root(): string {
    return this.#root;
  }

  tell(what: string): void {
    this.log.push(`${((this.time.now - timeZero) / 1000).toFixed(3)} ${what}`);
  }

  /** What comes next of a list that is used again from its beginning. */
  turn<T>(name: string, list: readonly T[]): T {
    const count = this.#turns.get(name) ?? 0;
    this.#turns.set(name, count + 1);
    return list[count % list.length] as T;
  }

  /** Real work is waited for before time goes on. */
  async real<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
      if (this.#busy === 0) this.#onIdle?.();
    }
  }

  /** Resolves once nothing happens any more before time goes on. */
  async idle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      if (this.#busy > 0) {
        await new Promise<void>((resolve) => {
          this.#onIdle = resolve;
        });
        quiet = 0;
      }
      await new Promise((resolve) => setImmediate(resolve));
      if (process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"))) quiet = 0;
    }
  }

  /** The database's clock says what ours does; whoever comes while it is told waits for that too. */
  tellDatabase(): Promise<void> {
    const { now } = this.time;
    if (this.#told.now !== now) {
      const done = this.sql("SELECT setval('campaign_clock', $1)", [now]);
      this.#told = { now, done: done.then(() => undefined) };
    }
    return this.#told.done;
  }

  onCrash(crash: (node: Node, downMs: number) => void): void {
    this.#crash = crash;
  }

  arm(step: Armed): void {
    this.#armed.push({ ...step });
  }

  /** A node comes by a point. @returns whether it dies there */
  passes(node: Node, passage: string): boolean {
    if (node.isDead) return true;
    for (const armed of this.#armed) {
      if (!isAt(armed.point, passage)) continue;
      if (armed.after > 0) {
        armed.after--;
        continue;
      }
      this.#armed.splice(this.#armed.indexOf(armed), 1);
      this.kill(node, armed.point, armed.downMs);
      return true;
    }
    return false;
  }

  kill(node: Node, where: string, downMs: number): void {
    this.tell(`KILLED at "${where}", back in ${downMs} ms`);
    this.crashes.set(where, (this.crashes.get(where) ?? 0) + 1);
    this.#crash(node, downMs);
  }

  /** All calls at Stream. */
  calls(): Call[] {
    return this.stream.calls.all();
  }

  #work(work: "capture" | "file", call: Call): void {
    const { captureMs, fileMs } = this.schedule.stream;
    const ms = work === "capture" ? this.turn("capture", captureMs) : this.turn("file", fileMs);
    const { capture } = call;
    this.time.at(this.time.now + ms, () => {
      if (work === "file") this.stream.calls.finishFiles(call.id);
      else if (call.capture === capture) this.stream.calls.beginCapture(call.id);
    });
  }

  #tell(event: StreamEvent): void {
    this.tell(`Stream: ${event.type}`);
    if (event.type === "call.recording_ready") {
      const { filename } = event["call_recording"] as { filename: string };
      this.listedAt.set(filename, this.time.now);
    }
    const { tellsAfterMs, gzip, aheadMs } = this.schedule.stream;
    const created_at = new Date(this.time.now + aheadMs).toISOString();
    const told = { created_at, ...event };
    const id = randomBytes(8).toString("hex");
    const delivery = deliveryOf(told, { ...this.stream.credentials, id, gzip });
    for (const ms of this.turn("tells", tellsAfterMs))
      this.time.at(this.time.now + ms, () => this.#deliver(delivery, 0));
  }

  /** As Stream does: again where nobody answers, for a while. */
  #deliver(delivery: Delivery, tries: number): void {
    const node = this.nodes.find(({ isDead }) => !isDead);
    const again = () => {
      if (tries < 2) this.time.at(this.time.now + 2_000, () => this.#deliver(delivery, tries + 1));
    };
    if (node) node.receive(delivery).catch(again);
    else again();
  }
}

/** Each file of Stream's is another one, by its name alone. */
export function contentOf(filename: string): Buffer {
  const seed = createHash("sha256").update(filename).digest();
  const bytes = Buffer.alloc(200 + (seed[0] ?? 0) * 40);
  for (let index = 0; index < bytes.length; index++) bytes[index] = (seed[index % 32] ?? 0) ^ index;
  return bytes;
}
