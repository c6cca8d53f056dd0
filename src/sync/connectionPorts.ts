import type { Identity } from "../auth/identity.ts";
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

/** A query that gave something else than its client had been told. */
export interface Change {
  readonly name: string;
  /** A JSON list of one object. */
  readonly argsText: string;
  readonly identity: Identity;
  /** It failed. */
  readonly isFailure: boolean;
  /** When the oldest commit that changed it was made, by `performance.now()`; undefined as in `Told.stalenessMs`. */
  readonly staleSince: number | undefined;
}

/** What a client was told in one Transition. */
export interface Told {
  /** Who the client is. */
  readonly identity: Identity;
  readonly changes: readonly Change[];
  /** Results that it was given without a run of their own: another client's was enough. */
  readonly shared: number;
  /** Length of the message. */
  readonly bytes: number;
  /** Time since the oldest of the changes was committed, ms; undefined where nothing was: the caller or the time has changed. */
  readonly stalenessMs: number | undefined;
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
  onTold(told: Told): void;
}
