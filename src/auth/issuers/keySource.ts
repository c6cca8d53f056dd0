import {
  type CompactJWSHeaderParameters,
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type LocalJWKSet,
} from "jose";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

/** Keys older than this are fetched again before they are used: a key withdrawn by its issuer lives no longer. */
const keyMaxAgeMs = 10 * 60_000;
/** Keys that could not be refreshed stay good for so long: an issuer's short outage signs nobody out. */
const staleMaxAgeMs = 60 * 60_000;
/** A `kid` that the issuer did not have is not asked for again for so long. */
const missingMs = 10_000;
/** Ids remembered as missing at most, and the longest an issuer may give its keys, in characters. */
const mostMissing = 1000;
const longestKeyId = 256;
/**
 * Time between two fetches for unknown ids: it grows while they bring nothing. Whoever comes in between waits for the next
 * one, so strangers with invented ids neither make us fetch more often nor keep a new key out for longer.
 */
const pauseMs = { first: 1_000, most: 5_000 } as const;
/** How long a failed fetch is answered from memory. */
export const failureHoldMs = 5_000;

/** A key, and how long what it verifies may be remembered. */
export interface FoundKey {
  key: CryptoKey;
  /** The source's at the time. */
  revision: number;
  /** Epoch ms at which the issuer must be asked again whether the key still stands. */
  goodUntil: number;
}

/** The public keys of one issuer. */
export interface KeySource {
  /**
   * The key a token's header asks for; only `alg` and `kid` of it are looked at.
   * @throws jose's JWKSNoMatchingKey or JWKSMultipleMatchingKeys; IssuerFetchError
   */
  find(header: CompactJWSHeaderParameters): Promise<FoundKey>;
  /** Changes whenever the keys do: what was verified under another revision is verified again. */
  revision(): number;
}

/** Keys that are in this process already. */
export function memoryKeys(jwks: JSONWebKeySet): KeySource {
  const set = createLocalJWKSet(jwks);
  return {
    find: async (header) => ({ key: await set(header), revision: 0, goodUntil: Infinity }),
    revision: () => 0,
  };
}

interface RemoteKeysOptions {
  /** Fetches the key set. @throws IssuerFetchError */
  load: () => Promise<JSONWebKeySet>;
  clock: Clock;
  log: Log;
}

/** Keys fetched from their issuer and kept; concurrent callers share one fetch. */
export function remoteKeys(options: RemoteKeysOptions): KeySource {
  return new RemoteKeys(options);
}

interface Loaded {
  set: LocalJWKSet;
  text: string;
  revision: number;
  at: number;
}

class RemoteKeys implements KeySource {
  readonly #options: RemoteKeysOptions;
  #loaded: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  #failure: { error: unknown; at: number } | undefined;
  /** The next fetch for unknown ids, which has not begun. */
  #coming: Promise<Loaded> | undefined;
  #pause = { ms: 0, until: 0 };
  /** Ids that the issuer did not have, with when, ms. */
  readonly #missing = new Map<string, number>();

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  revision(): number {
    return this.#loaded?.revision ?? 0;
  }

  async find(header: CompactJWSHeaderParameters): Promise<FoundKey> {
    const loaded = await this.#current();
    try {
      return await keyIn(loaded, header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayAskFor(header.kid)) throw error;
    }
    this.#coming ??= this.#nextFetch();
    const latest = await this.#coming;
    return keyIn(latest, header).catch((error: unknown) => {
      this.#remember(header.kid);
      throw error;
    });
  }

  #mayAskFor(kid = ""): boolean {
    const missed = this.#missing.get(kid);
    const known = missed !== undefined && this.#now() - missed < missingMs;
    return !known && kid.length <= longestKeyId && this.#heldFailure() === undefined;
  }

  #remember(kid = ""): void {
    this.#missing.delete(kid);
    this.#missing.set(kid, this.#now());
    const oldest = this.#missing.keys().next();
    if (this.#missing.size > mostMissing && !oldest.done) this.#missing.delete(oldest.value);
  }

  /** A fetch that begins after those who wait for it have come, and not too soon after the last one. */
  async #nextFetch(): Promise<Loaded> {
    await this.#loading?.catch(() => undefined);
    const { ms, until } = this.#pause;
    if (until > this.#now()) await this.#options.clock.sleep(until - this.#now());
    this.#coming = undefined;
    const before = this.revision();
    const idle = this.#now() - until > keyMaxAgeMs;
    this.#pauseFor(idle ? pauseMs.first : Math.min(pauseMs.most, Math.max(pauseMs.first, 2 * ms)));
    const loaded = await this.#refresh();
    if (loaded.revision !== before) this.#pauseFor(pauseMs.first);
    return loaded;
  }

  #pauseFor(ms: number): void {
    this.#pause = { ms, until: this.#now() + ms };
  }

  async #current(): Promise<Loaded> {
    const loaded = this.#loaded;
    if (loaded !== undefined && this.#ageOf(loaded) < keyMaxAgeMs) return loaded;
    if (loaded !== undefined && this.#failure && this.#ageOf(loaded) < staleMaxAgeMs) {
      // The issuer is known to be away: nobody whose key we have waits for it.
      this.#refresh().catch(() => undefined);
      return loaded;
    }
    try {
      return await this.#refresh();
    } catch (error) {
      if (loaded === undefined || this.#ageOf(loaded) >= staleMaxAgeMs) throw error;
      return loaded;
    }
  }

  async #refresh(): Promise<Loaded> {
    const failure = this.#heldFailure();
    if (failure !== undefined) throw failure.error;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<Loaded> {
    try {
      const jwks = await this.#options.load();
      const text = JSON.stringify(jwks);
      const revision = this.revision() + (text === this.#loaded?.text ? 0 : 1);
      const loaded = { set: createLocalJWKSet(jwks), text, revision, at: this.#now() };
      this.#loaded = loaded;
      this.#failure = undefined;
      return loaded;
    } catch (error) {
      this.#failure = { error, at: this.#now() };
      this.#options.log.warn({ err: error }, "an issuer's keys could not be fetched");
      throw error;
    }
  }

  #heldFailure(): { error: unknown } | undefined {
    const failure = this.#failure;
    return failure && this.#now() - failure.at < failureHoldMs ? failure : undefined;
  }

  #ageOf(loaded: Loaded): number {
    return this.#now() - loaded.at;
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

async function keyIn(
  { set, revision, at }: Loaded,
  header: CompactJWSHeaderParameters,
): Promise<FoundKey> {
  return { key: await set(header), revision, goodUntil: at + keyMaxAgeMs };
}
