import { RequestError } from "../replies/requestError.ts";

export interface BodyBudgetOptions {
  /** Bytes of bodies that may be in memory at once, over all callers. */
  totalBytes: number;
  /** Bytes one caller may have in memory at once, if in several bodies: the length of one is its route's matter. */
  callerBytes: number;
}

/** One body that is being read or worked on. */
export interface HeldBody {
  /** Counts bytes before they are kept; may end this body, or the largest of whoever holds most, by its `refuse`. */
  take(bytes: number): void;
  /** Gives everything back. */
  release(): void;
}

interface Body {
  bytes: number;
  refuse(error: RequestError): void;
}

interface Share {
  bytes: number;
  readonly bodies: Set<Body>;
}

const retryAfter = { "retry-after": "1" };

/**
 * Divides the memory for bodies among callers. Only what has arrived counts, so that announcing much takes nothing from
 * anybody. Who passes the own share is refused; when all together pass the total, whoever holds most makes room.
 */
export class BodyBudget {
  readonly #options: BodyBudgetOptions;
  readonly #shares = new Map<string, Share>();
  #bytes = 0;

  constructor(options: BodyBudgetOptions) {
    this.#options = options;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param refuse ends the reading of the body; what it held has been given back by then. */
  hold(caller: string, refuse: (error: RequestError) => void): HeldBody {
    const share = this.#shares.get(caller) ?? { bytes: 0, bodies: new Set() };
    this.#shares.set(caller, share);
    const body: Body = { bytes: 0, refuse };
    share.bodies.add(body);
    return {
      take: (bytes) => this.#take(share, body, bytes),
      release: () => this.#release(caller, share, body),
    };
  }

  #take(share: Share, body: Body, bytes: number): void {
    if (!share.bodies.has(body)) return;
    body.bytes += bytes;
    share.bytes += bytes;
    this.#bytes += bytes;
    const { callerBytes, totalBytes } = this.#options;
    if (share.bytes > callerBytes && share.bodies.size > 1) this.#end(share, body, ownShareUsed());
    while (this.#bytes > totalBytes) {
      const most = largest(this.#shares.values());
      if (most === undefined) return;
      const victim = largest(most.bodies);
      if (victim === undefined) return;
      this.#end(most, victim, serverFull());
    }
  }

  #end(share: Share, body: Body, error: RequestError): void {
    share.bodies.delete(body);
    this.#give(share, body);
    body.refuse(error);
  }

  #release(caller: string, share: Share, body: Body): void {
    if (share.bodies.delete(body)) this.#give(share, body);
    if (share.bodies.size === 0 && this.#shares.get(caller) === share) this.#shares.delete(caller);
  }

  #give(share: Share, body: Body): void {
    share.bytes -= body.bytes;
    this.#bytes -= body.bytes;
  }
}

function largest<T extends { bytes: number }>(all: Iterable<T>): T | undefined {
  let most: T | undefined;
  for (const one of all) if (most === undefined || one.bytes > most.bytes) most = one;
  return most;
}

function ownShareUsed(): RequestError {
  const message = "You send too much at once: wait for the answers to your other requests";
  return new RequestError(429, "TooManyRequests", message, retryAfter);
}

function serverFull(): RequestError {
  const message = "The server has too much to read at once. Try again later.";
  return new RequestError(503, "Overloaded", message, retryAfter);
}
