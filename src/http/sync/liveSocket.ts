import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { Clock } from "../../core/clock.ts";
import type { SyncConnection } from "../../sync/connection.ts";
import type { ClientSocket } from "../../sync/connectionPorts.ts";
import type { SyncHub } from "../../sync/hub.ts";
import { ping } from "../../sync/protocol.ts";
import type { BodyBudget, HeldBody } from "../limits/bodyBudget.ts";
import { findExcess, jsonLimits } from "../limits/jsonScan.ts";

export interface LiveSocketOptions {
  webSocket: WebSocket;
  /** The connection below it. */
  stream: Duplex;
  hub: SyncHub;
  clock: Clock;
  budget: BodyBudget;
  /** Whose share of memory its messages count against. */
  caller: string;
}

/** Clients give a server up that says nothing for 60 s, and count only messages. */
const pingAfterMs = 15_000;
/** A peer that answers no ping for this long has gone. */
const silentMs = 120_000;
/** A client that takes nothing of what waits for it for this long is cut off. */
const stuckMs = 60_000;
/** What is left of a message this short is not worth counting, bytes. */
const smallBytes = 16 * 1024;

/** One WebSocket, kept alive, bounded, and ended when its client is gone or takes nothing. */
export class LiveSocket implements ClientSocket {
  /** Resolves when it is over. */
  readonly closed: Promise<void>;
  readonly #options: LiveSocketOptions;
  readonly #connection: SyncConnection;
  #heardAt: number;
  #saidAt: number;
  #stuck: { at: number; bytes: number } | undefined;
  /** Bytes of a message whose end has not come. */
  #unfinished = 0;
  #held: HeldBody | undefined;

  constructor(options: LiveSocketOptions) {
    const { webSocket, stream, hub, clock } = options;
    this.#options = options;
    this.#heardAt = clock.now();
    this.#saidAt = clock.now();
    this.#connection = hub.connect(this);
    stream.on("data", (chunk: Buffer) => this.#arrive(chunk.length));
    webSocket.on("pong", () => this.#hear());
    webSocket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    webSocket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      webSocket.once("close", () => {
        this.#held?.release();
        hub.disconnect(this.#connection);
        resolve();
      });
    });
  }

  get waitingBytes(): number {
    return this.#options.webSocket.bufferedAmount;
  }

  send(text: string): void {
    const { webSocket, clock } = this.#options;
    if (webSocket.readyState !== webSocket.OPEN) return;
    this.#saidAt = clock.now();
    webSocket.send(text, () => this.#connection.look());
  }

  close(code?: number, reason?: string): void {
    this.#options.webSocket.close(code, reason);
  }

  setReading(reading: boolean): void {
    const { webSocket } = this.#options;
    if (reading) webSocket.resume();
    else webSocket.pause();
  }

  /** Cuts the connection off. */
  end(): void {
    this.#options.webSocket.terminate();
  }

  /** Time has passed. */
  tick(): void {
    const { webSocket, clock } = this.#options;
    const now = clock.now();
    // A socket that is not read cannot be heard.
    if (webSocket.isPaused) this.#heardAt = now;
    if (now - this.#heardAt >= silentMs || this.#isStuck(now)) {
      this.end();
      return;
    }
    if (now - this.#saidAt >= pingAfterMs) this.send(ping);
    if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
    this.#connection.look();
  }

  #isStuck(now: number): boolean {
    const bytes = this.waitingBytes;
    if (bytes === 0) this.#stuck = undefined;
    else if (this.#stuck === undefined || bytes < this.#stuck.bytes)
      this.#stuck = { at: now, bytes };
    return this.#stuck !== undefined && now - this.#stuck.at >= stuckMs;
  }

  #hear(): void {
    this.#heardAt = this.#options.clock.now();
  }

  #arrive(bytes: number): void {
    this.#hear();
    this.#unfinished += bytes;
    if (this.#held) {
      this.#held.take(bytes);
      return;
    }
    if (this.#unfinished <= smallBytes) return;
    const { budget, caller } = this.#options;
    this.#held = budget.hold(caller, () => this.close(1013, "TooManyConcurrentRequests"));
    this.#held.take(this.#unfinished);
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#unfinished = 0;
    this.#held?.release();
    this.#held = undefined;
    if (isBinary) {
      this.close(1003, "BinaryFrame");
      return;
    }
    const bytes = data as Buffer;
    if (findExcess(bytes, jsonLimits(bytes.length)) === undefined)
      this.#connection.receive(bytes.toString());
    else this.close(1009, "MessageTooComplex");
  }
}
