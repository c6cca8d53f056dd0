/** A session that counts towards what this machine takes. */
export interface Held {
  readonly roomId: string;
  readonly user: { readonly id: string };
  /** It has not connected yet. */
  readonly pending: boolean;
  /** Monotonic ms. */
  readonly openedAt: number;
  close(reason: string): void;
}

export interface ShareLimits {
  /** Sessions at most, over all rooms. */
  total: number;
  /** Of one person, over all rooms. */
  perUser: number;
  /** Of one person that have not connected, over all rooms. */
  pendingPerUser: number;
}

/** What there is no place for: more of this person, or anybody. */
export type Shortage = "user" | "server";

type Newcomer = Pick<Held, "roomId" | "user">;

/** The sessions of one kind in all rooms, and how many of them this machine and each party may have. */
export class Places<Session extends Held> {
  readonly limits: ShareLimits;
  #held = new Set<Session>();

  constructor(limits: ShareLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.#held.size;
  }

  get sessions(): Session[] {
    return [...this.#held];
  }

  /** What there is no place for; a newcomer that is told nothing may `take` one. */
  makeFor(newcomer: Newcomer): Shortage | undefined {
    return makePlace(this.sessions, newcomer, this.limits);
  }

  take(session: Session): void {
    this.#held.add(session);
  }

  /** A repeat changes nothing. */
  release(session: Session): void {
    this.#held.delete(session);
  }
}

/**
 * Makes place for one more session, which has not connected either. A person beyond their share loses their own oldest attempt to
 * connect. On a full machine whoever has most attempts, a person or else a meeting, loses one to whoever has less; what is
 * connected never gives way.
 */
export function makePlace(
  held: readonly Held[],
  newcomer: Newcomer,
  limits: ShareLimits,
): Shortage | undefined {
  const own = held.filter(({ user }) => user.id === newcomer.user.id);
  const attempts = held.filter(({ pending }) => pending);
  const ownAttempts = own.filter(({ pending }) => pending);
  if (own.length >= limits.perUser || ownAttempts.length >= limits.pendingPerUser)
    return endOldest(ownAttempts) ? undefined : "user";
  if (held.length < limits.total) return undefined;
  const parties = [(one: Newcomer) => one.user.id, (one: Newcomer) => one.roomId] as const;
  for (const partyOf of parties) {
    const mine = attempts.filter((one) => partyOf(one) === partyOf(newcomer)).length;
    const largest = largestParty(attempts, partyOf);
    // Afterwards it still has as many as the newcomer.
    if (largest.length >= mine + 2 && endOldest(largest)) return undefined;
  }
  return "server";
}

function largestParty(attempts: readonly Held[], partyOf: (one: Newcomer) => string): Held[] {
  const parties = new Map<string, Held[]>();
  for (const one of attempts) {
    const party = parties.get(partyOf(one)) ?? [];
    party.push(one);
    parties.set(partyOf(one), party);
  }
  return [...parties.values()].reduce<Held[]>(
    (largest, party) => (party.length > largest.length ? party : largest),
    [],
  );
}

function endOldest(sessions: readonly Held[]): boolean {
  const [first, ...others] = sessions;
  if (!first) return false;
  const oldest = others.reduce((old, one) => (one.openedAt < old.openedAt ? one : old), first);
  oldest.close("gave_way");
  return true;
}
