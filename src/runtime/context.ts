import type { Identity } from "../auth/identity.ts";
import type { Grant } from "../auth/permission.ts";
import type { LinkSigner } from "../auth/signedLink.ts";
import type { PeerTokens } from "../auth/tokens/peerTokens.ts";
import type { Config } from "../config/config.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Database, ReadTx, Tx } from "../db/port.ts";
import type { LanguageModel } from "../llm/port.ts";
import type { Meaning } from "../meaning/port.ts";
import type { CaptureCopies, CapturedMedia } from "../media/format/port.ts";
import type { Storage } from "../storage/port.ts";
import type { Breakers, VideoProvider } from "../video/port.ts";

/** The ports every function may use, made once by compose. */
export interface Services {
  config: Config;
  db: Database;
  /** Behind breakers, which are this process's own. */
  video: VideoProvider & Breakers;
  storage: Storage;
  clock: Clock;
  log: Log;
  links: LinkSigner;
  /** Of people in free meetings. */
  peerTokens: PeerTokens;
  /** What was captured, for players. */
  captured: CapturedMedia;
  /** The one that is configured. */
  languageModel: LanguageModel | undefined;
  /** What search by meaning is made of; undefined where the server is to have none. */
  meaning: Meaning | undefined;
  /** The captures on this disk, of those that are archived. */
  copies: CaptureCopies;
  /** Names this process in leases; new at every start. */
  nodeId: string;
  /** The data folder in which this node records; null where the provider keeps the media. */
  siteId: string | null;
  /** Where clients reach us, without a trailing slash; known once the server listens. */
  publicUrl(): string;
  /** Free bytes where recordings are written. */
  freeDiskBytes(): Promise<number>;
}

interface CallContext<G extends Grant> {
  services: Services;
  identity: Identity;
  /** What the function's permission proved. */
  grant: G;
  requestId: string;
  log: Log;
}

/** Runs in one read-only snapshot. */
export interface QueryContext<G extends Grant = Grant> extends CallContext<G> {
  tx: ReadTx;
}

/** Runs in one transaction, perhaps more than once: no effects outside `tx` but through `tx.afterCommit`. */
export interface MutationContext<G extends Grant = Grant> extends CallContext<G> {
  tx: Tx;
}

/** Runs outside a transaction; opens its own through `services.db`. */
export interface ActionContext<G extends Grant = Grant> extends CallContext<G> {
  /** Aborts when the client has gone or the server stops; never needed for correctness. */
  signal: AbortSignal;
}
