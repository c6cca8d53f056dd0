import { recordAudit } from "../audit/record.ts";
import type { User } from "../auth/identity.ts";
import { AppError, isAppError } from "../core/errors.ts";
import { type Database, type ReadTx, statement, type Tx } from "../db/port.ts";
import type { BreakerState, BreakerStatus, Breakers, VideoProvider } from "../video/port.ts";
import { liveNodes } from "./nodes.ts";

/** A breaker's state as it is published. */
export type PublishedState = "closed" | "half-open" | "open";

/** From best to worst. */
const published: Readonly<Record<BreakerState, PublishedState>> = {
  closed: "closed",
  halfOpen: "half-open",
  open: "open",
};
const severity = Object.values(published);

const addReset = statement(
  "figures.addReset",
  `INSERT INTO breaker_resets (breaker, resets) VALUES ($1, 1)
   ON CONFLICT (breaker) DO UPDATE SET resets = breaker_resets.resets + 1`,
);

const listResets = statement<{ breaker: string; resets: number }>(
  "figures.listResets",
  "SELECT breaker, resets FROM breaker_resets",
);

/** What a breaker is called: the provider and the operation. */
const nameOf = ({ service, operation }: Pick<BreakerStatus, "service" | "operation">) =>
  `${service}.${operation}`;

/** Every breaker as it is on the node where it is worst, with the failures of all nodes, by name. */
async function allBreakers(tx: ReadTx) {
  const found = new Map<string, { service: string; state: PublishedState; failures: number }>();
  for (const { breakers } of await liveNodes(tx))
    for (const breaker of breakers) {
      const service = nameOf(breaker);
      const state = published[breaker.state];
      const known = found.get(service) ?? { service, state, failures: 0 };
      known.failures += breaker.failures;
      if (severity.indexOf(state) > severity.indexOf(known.state)) known.state = state;
      found.set(service, known);
    }
  return [...found.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
}

/** How the breakers of all nodes stand. */
export async function breakerStatus(tx: ReadTx) {
  const breakers = await allBreakers(tx);
  const count = (wanted: PublishedState) => breakers.filter(({ state }) => state === wanted).length;
  const summary = {
    totalBreakers: breakers.length,
    closedBreakers: count("closed"),
    halfOpenBreakers: count("half-open"),
    openBreakers: count("open"),
  };
  return { breakers, summary };
}

/**
 * Asks every node to reset a breaker; each does within a few seconds.
 * @throws AppError NOT_FOUND (no such breaker)
 */
export async function resetBreaker(tx: Tx, user: User | undefined, name: string) {
  const known = (await allBreakers(tx)).find(({ service }) => service === name);
  if (!known) throw noBreaker(name);
  await tx.run(addReset, [name]);
  await recordAudit(tx, {
    actorUserId: user?.id,
    orgId: user?.orgId,
    resourceType: "circuitBreaker",
    resourceId: name,
    action: "circuit_breaker_reset",
    metadata: { state: known.state, failures: known.failures, success: true },
  });
  return { success: true, message: `Every node resets ${name} within a few seconds` };
}

const noBreaker = (name: string) =>
  new AppError("NOT_FOUND", "There is no such circuit breaker", { id: name.slice(0, 64) });

/** The operation that changes nothing: the only one that can be tried for its own sake. */
const harmless = "recordingState";
const nobodysRecording = { meetingId: "probe", roomId: "probe", recordingId: "probe" };

/** The provider, whose breakers are those of this node. */
type GuardedProvider = VideoProvider & Breakers;

/**
 * Asks the provider how a recording stands that does not exist, through the breaker of that operation.
 * @throws AppError NOT_FOUND (no such breaker), VALIDATION_ERROR (an operation that would change something)
 */
export async function probe(video: GuardedProvider, name: string, signal: AbortSignal) {
  const find = () => video.breakers().find((breaker) => nameOf(breaker) === name);
  const breaker = find();
  if (!breaker) throw noBreaker(name);
  if (breaker.operation !== harmless) {
    const tried = nameOf({ service: breaker.service, operation: harmless });
    const message = `Only ${tried} can be tried: every other operation changes something`;
    throw new AppError("VALIDATION_ERROR", message, { field: "serviceName" });
  }
  const error = await video.recordingState(nobodysRecording, signal).then(
    () => undefined,
    (thrown: unknown) => {
      if (isAppError(thrown) && thrown.blame === "provider") return thrown.message;
      throw thrown;
    },
  );
  return { circuitState: published[find()?.state ?? breaker.state], error };
}

/** Resets this node's breakers whenever somebody has asked for it, on whichever node. */
export class ResetFollower {
  readonly #db: Database;
  readonly #video: Breakers;
  #known: Map<string, number> | undefined;

  constructor(db: Database, video: Breakers) {
    this.#db = db;
    this.#video = video;
  }

  /** Carries out what was asked for since the last time; the first time, nothing. @throws DatabaseUnavailableError */
  async follow(): Promise<void> {
    const rows = await this.#db.read((tx) => tx.all(listResets));
    const now = new Map(rows.map(({ breaker, resets }) => [breaker, resets]));
    const before = this.#known ?? now;
    this.#known = now;
    for (const { service, operation } of this.#video.breakers()) {
      const name = nameOf({ service, operation });
      if (now.get(name) !== before.get(name)) this.#video.resetBreaker(operation);
    }
  }
}
