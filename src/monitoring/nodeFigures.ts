import type { Identity, UserIdentity } from "../auth/identity.ts";
import type { Clock } from "../core/clock.ts";
import type { Blame } from "../core/errors.ts";
import { type CallExample, keepExample } from "./examples.ts";
import { countLatency, type Latencies, noLatencies } from "./latencies.ts";
import { pushTargetMs } from "./objectives.ts";
import { Totals } from "./totals.ts";

/** A call that has ended. */
export interface EndedCall {
  fn: string;
  kind: string;
  requestId: string;
  outcome: string;
  code?: string | undefined;
  blame?: Blame | undefined;
  bytes: number;
  ms: number;
}

/** Who made it. */
export interface CallOrigin {
  identity: Identity;
  /** A live query that ran by itself. */
  watched?: true;
}

/** What a live client was told. */
export interface ToldClient {
  identity: Identity;
  changes: readonly ToldChange[];
  bytes: number;
  /** Time since the oldest of the changes was committed, ms. */
  stalenessMs: number | undefined;
}

export interface ToldChange {
  name: string;
  /** A JSON list of one object. */
  argsText: string;
  identity: Identity;
  isFailure: boolean;
  /** When it was committed, by `performance.now()`. */
  staleSince: number | undefined;
}

export interface CallTotals {
  fn: string;
  kind: string;
  calls: number;
  failed: number;
  ms: number;
  latencies: Latencies;
}

export interface UserTotals {
  issuer: string;
  subject: string;
  requests: number;
  bytes: number;
}

/** What was told of a subscription since this was written last: the one figure that is added up in the database. */
export interface FollowedTotals {
  issuer: string;
  subject: string;
  subscriptionId: string;
  meetingId: string;
  updates: number;
  failures: number;
  timed: number;
  latencyMs: number;
  late: number;
  /** Epoch ms. */
  at: number;
}

export interface NodeTotals {
  requests: number;
  bytes: number;
  updates: number;
  latencies: Latencies;
  examples: CallExample[];
}

interface MinuteFigures {
  /** Epoch ms of its beginning. */
  minute: number;
  node: Totals<NodeTotals>;
  calls: Totals<CallTotals>;
  users: Totals<UserTotals>;
}

/** What has grown in a minute. */
export interface MinuteGrowth {
  minute: number;
  node: NodeTotals[];
  calls: CallTotals[];
  users: UserTotals[];
}

/** What is to be written. */
export interface Growth {
  minutes: MinuteGrowth[];
  followed: FollowedTotals[];
}

const minuteMs = 60_000;
/** Minutes that are kept while they cannot be written. */
const mostMinutes = 15;
/** People counted by themselves, of one minute. */
const mostUsers = 10_000;
/** Subscriptions that were told something between two writes. */
const mostFollowed = 10_000;
/** What a client names a subscription of its own in. */
const following = "realtime/subscriptions:subscribe";

const noNode = (): NodeTotals => ({
  requests: 0,
  bytes: 0,
  updates: 0,
  latencies: noLatencies(),
  examples: [],
});

/** What this node has done, minute by minute, until it is written. */
export class NodeFigures {
  readonly #clock: Clock;
  #minutes: MinuteFigures[] = [];
  #followed = new Totals<FollowedTotals>(mostFollowed);
  /** How far the database's clock is ahead of ours. */
  #aheadMs = 0;
  /** The minute of the last write. */
  #present = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Epoch ms, by the database's clock as far as it is known. */
  now(): number {
    return this.#clock.now() + this.#aheadMs;
  }

  onCall(call: EndedCall, { identity, watched }: CallOrigin): void {
    const { fn, kind, requestId, outcome, code = null, blame, bytes, ms } = call;
    const failed = outcome !== "success" && blame !== "caller";
    const minute = this.#minute();
    const initial = () => ({ fn, kind, calls: 0, failed: 0, ms: 0, latencies: noLatencies() });
    minute.calls.add(fn, initial, (totals) => {
      totals.calls += 1;
      totals.failed += failed ? 1 : 0;
      totals.ms += ms;
      countLatency(totals.latencies, ms);
    });
    minute.node.add("", noNode, (totals) => {
      keepExample(totals.examples, { fn, requestId, ms, at: this.now(), failed, code });
      if (watched) return;
      totals.requests += 1;
      totals.bytes += bytes;
    });
    if (!watched && identity.kind === "user") this.#count(minute, identity, { requests: 1, bytes });
  }

  onTold({ identity, changes, bytes, stalenessMs }: ToldClient): void {
    const minute = this.#minute();
    minute.node.add("", noNode, (totals) => {
      totals.bytes += bytes;
      totals.updates += changes.length;
      if (stalenessMs !== undefined) countLatency(totals.latencies, stalenessMs);
    });
    if (identity.kind === "user") this.#count(minute, identity, { requests: 0, bytes });
    for (const change of changes) {
      const followed = change.name.startsWith(following) && this.#followedBy(change);
      if (followed) this.#follow(followed);
    }
  }

  /** What has grown since the last time, all at once. */
  take(): Growth {
    const minutes = this.#minutes.map(({ minute, node, calls, users }) => ({
      minute,
      node: node.take(),
      calls: calls.take(),
      users: users.take(),
    }));
    const followed = this.#followed.take();
    this.#followed = new Totals(mostFollowed);
    return { minutes, followed };
  }

  /** It has been written, when the database's clock said `now`. */
  written(now: number): void {
    this.#aheadMs = now - this.#clock.now();
    this.#present = beginning(now);
    this.#minutes = this.#minutes.filter(
      ({ minute, node, calls, users }) =>
        minute >= this.#present || node.hasGrown || calls.hasGrown || users.hasGrown,
    );
  }

  /**
   * It has not been written, or perhaps it has (`ambiguous`): totals are written again; what is added up in the database would
   * be added twice then, and is given up.
   */
  notWritten({ minutes, followed }: Growth, { ambiguous }: { ambiguous: boolean }): void {
    for (const one of ambiguous ? [] : followed) this.#follow(one);
    for (const { minute, node, calls, users } of minutes) {
      const kept = this.#minutes.find((one) => one.minute === minute);
      kept?.node.giveBack(node);
      kept?.calls.giveBack(calls);
      kept?.users.giveBack(users);
    }
  }

  #minute(): MinuteFigures {
    // A clock that is set back leads to no minute that has been written for the last time.
    const minute = Math.max(beginning(this.now()), this.#present);
    const known = this.#minutes.find((one) => one.minute === minute);
    if (known) return known;
    const users = new Totals<UserTotals>(mostUsers);
    const begun = {
      minute,
      node: new Totals<NodeTotals>(),
      calls: new Totals<CallTotals>(),
      users,
    };
    this.#minutes = [...this.#minutes, begun].slice(-mostMinutes);
    return begun;
  }

  #count(
    minute: MinuteFigures,
    { issuer, subject }: UserIdentity,
    { requests, bytes }: Pick<UserTotals, "requests" | "bytes">,
  ): void {
    const initial = () => ({ issuer, subject, requests: 0, bytes: 0 });
    minute.users.add(JSON.stringify([issuer, subject]), initial, (totals) => {
      totals.requests += requests;
      totals.bytes += bytes;
    });
  }

  #followedBy(change: ToldChange): FollowedTotals | undefined {
    const { identity, argsText, isFailure, staleSince } = change;
    const [args] = JSON.parse(argsText) as (Partial<Record<string, unknown>> | null)[];
    const { subscriptionId, meetingId } = args ?? {};
    if (identity.kind !== "user") return undefined;
    if (typeof subscriptionId !== "string" || typeof meetingId !== "string") return undefined;
    const ms = staleSince === undefined ? undefined : performance.now() - staleSince;
    return {
      issuer: identity.issuer,
      subject: identity.subject,
      subscriptionId,
      meetingId,
      updates: 1,
      failures: isFailure ? 1 : 0,
      timed: ms === undefined ? 0 : 1,
      latencyMs: ms ?? 0,
      late: ms !== undefined && ms > pushTargetMs ? 1 : 0,
      at: this.now(),
    };
  }

  #follow(told: FollowedTotals): void {
    const { issuer, subject, subscriptionId, meetingId } = told;
    const names = { issuer, subject, subscriptionId, meetingId };
    const none = { updates: 0, failures: 0, timed: 0, latencyMs: 0, late: 0, at: 0 };
    this.#followed.add(
      JSON.stringify(names),
      () => ({ ...names, ...none }),
      (totals) => {
        totals.updates += told.updates;
        totals.failures += told.failures;
        totals.timed += told.timed;
        totals.latencyMs += told.latencyMs;
        totals.late += told.late;
        totals.at = Math.max(totals.at, told.at);
      },
    );
  }
}

const beginning = (at: number) => Math.floor(at / minuteMs) * minuteMs;
