import { hash } from "node:crypto";
import type { UserIdentity } from "../identity.ts";
import type { KeySource } from "../issuers/keySource.ts";

/** A token found good, and what that finding rests on. */
export interface VerifiedToken {
  identity: UserIdentity;
  keys: KeySource;
  /** `keys.revision()` at the time. */
  revision: number;
  /** Epoch ms from which the token must be verified again. */
  goodUntil: number;
}

/** Verified tokens by hash, the least recently used leaving first: a signature is paid once, not per request. */
export class TokenCache {
  readonly #entries = new Map<string, VerifiedToken>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(token: string, now: number): VerifiedToken | undefined {
    const key = keyOf(token);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (now >= entry.goodUntil || entry.keys.revision() !== entry.revision) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  set(token: string, entry: VerifiedToken): void {
    this.#entries.set(keyOf(token), entry);
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

/** Tokens are secrets; memory dumps and heap snapshots show their hashes only. */
function keyOf(token: string): string {
  return hash("sha256", token, "base64");
}
