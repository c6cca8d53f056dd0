import type { ConnectionAuthenticator } from "../auth/tokens/authenticator.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Invoker } from "../runtime/call/invoke.ts";
import type { QueryRunner } from "./queryRunner.ts";
import type { QueryStore } from "./queryStore.ts";

/** The socket of one client, as much of it as the protocol needs. */
export interface ClientSocket {
  send(text: string): void;
  /** Bytes that the client has not taken yet. */
  readonly waitingBytes: number;
  /** Says goodbye; without a code the client only learns that it is over. */
  close(code?: number, reason?: string): void;
  /** Stops reading, or goes on: what a client sends meanwhile waits on its side. */
  setReading(reading: boolean): void;
}

/** What a client's connection works with. */
export interface ConnectionServices {
  invoker: Invoker;
  authenticator: ConnectionAuthenticator;
  store: QueryStore;
  runner: QueryRunner;
  clock: Clock;
  log: Log;
  /** Aborts actions when the server gives up on what is still running. */
  stopping: AbortSignal;
  /** Told of each change that reached a client: time since it was committed, ms. */
  onDelivered(stalenessMs: number): void;
}
