/** Longer than any token lives, ms. */
const keepMs = 2 * 3600 * 1000;

export type Cutoffs = Record<string, number>;

const wholeRoom = "*";
const keyOf = (roomId: string, userId: string): string => `${roomId}\n${userId}`;

/** Moments before which tokens no longer count, per user in a room or for a whole room. Epoch ms. */
export class Revocations {
  #cutoffs: Map<string, number>;
  #now: () => number;

  constructor(known: Cutoffs, now: () => number) {
    this.#cutoffs = new Map(Object.entries(known));
    this.#now = now;
  }

  /** To be made durable before it is acknowledged. */
  get cutoffs(): Cutoffs {
    const before = this.#now() - keepMs;
    return Object.fromEntries([...this.#cutoffs].filter(([, at]) => at >= before));
  }

  /** Refuses tokens issued until now; without a user, those of everybody in the room. */
  revoke(roomId: string, userId: string = wholeRoom): void {
    this.#cutoffs = new Map(Object.entries(this.cutoffs));
    this.#cutoffs.set(keyOf(roomId, userId), this.#now());
  }

  refuses(roomId: string, userId: string, issuedAt: number): boolean {
    return [userId, wholeRoom].some((who) => {
      const cutoff = this.#cutoffs.get(keyOf(roomId, who));
      return cutoff !== undefined && issuedAt <= cutoff;
    });
  }
}
