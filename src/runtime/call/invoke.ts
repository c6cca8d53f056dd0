import type { Identity, User, UserIdentity } from "../../auth/identity.ts";
import type { Grant } from "../../auth/permission.ts";
import { inactiveUser } from "../../auth/users.ts";
import { AppError } from "../../core/errors.ts";
import { CallRates } from "../../core/limits/callRates.ts";
import type { Log } from "../../core/log.ts";
import { orThrow } from "../../core/result.ts";
import type { ReadTx, Tx } from "../../db/port.ts";
import type { FunctionKind } from "../builders.ts";
import type { ActionContext, QueryContext, Services } from "../context.ts";
import type { RegisteredFunction, Registry } from "../registry.ts";
import type { Format } from "../values/values.ts";
import type { Accounts } from "./accounts.ts";
import { readArguments } from "./arguments.ts";
import { CallersDatabase } from "./callersDatabase.ts";
import { CallLog } from "./callLog.ts";
import { failureOf, logFailure, recordOf } from "./failures.ts";
import type { CallRecord, Outcome } from "./outcome.ts";
import { unknownFunction, wrongKind } from "./refusals.ts";
import { type CarriedOut, CarriedOutElsewhere, onceOnly, type RequestKey } from "./repeats.ts";
import { writeResult } from "./results.ts";

/** Of one user, on each node: what each gave is kept for repeats, for two weeks. */
const oncePerMinute = 2_400;

/** One call as an edge hands it over. */
export interface Call {
  /** Canonical name, `a/b:c`. */
  readonly name: string;
  /** What the caller takes the function for; undefined where any kind may be called. */
  readonly kind: FunctionKind | undefined;
  /** Parsed JSON, still in Convex's encoding; taken over by the call. */
  readonly args: unknown;
  /** Length of the JSON text the arguments came in, bytes. */
  readonly argsBytes: number;
  readonly format: Format;
  readonly identity: Identity;
  readonly requestId: string;
  /** Of a mutation whose repeats are told from new ones: carried out once, and answered alike. */
  readonly once?: RequestKey;
  /** A live query that is run by itself: its client asked once, to watch it. */
  readonly watched?: true;
  /** Asked for by actions only; aborts when the client has gone or the server stops. */
  signal(): AbortSignal;
}

export interface InvokerOptions {
  registry: Registry;
  services: Services;
  accounts: Accounts;
  log: Log;
  /** Told of every call when it has ended; must not throw. */
  onCall?: (record: CallRecord, call: Call) => void;
}

/** What a function gave, before it counts as an outcome. */
interface Answer {
  readonly json: string;
  readonly ts?: bigint;
}

/** What every handler's context is at run time; `tx` and `signal` are there for those who declare them. */
type Handler = (ctx: object, args: Record<string, unknown>) => unknown;

/**
 * The one place where functions run, for every edge. Order: the function exists → its kind → arguments →
 * the caller's rate → the caller's row → permission → handler → result. Never throws: what went wrong is in the outcome.
 */
export class Invoker {
  readonly #registry: Registry;
  readonly #services: Services;
  readonly #accounts: Accounts;
  readonly #log: Log;
  readonly #onCall: ((record: CallRecord, call: Call) => void) | undefined;
  readonly #rates: CallRates;
  #underWay = 0;

  constructor({ registry, services, accounts, log, onCall }: InvokerOptions) {
    this.#registry = registry;
    this.#services = services;
    this.#accounts = accounts;
    this.#log = log;
    this.#onCall = onCall;
    this.#rates = new CallRates(() => services.clock.now());
  }

  /** Calls that have begun and not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  invoke(call: Call): Promise<Outcome> {
    return this.#recorded(call, (fn, args) => this.#run(fn, call, args));
  }

  /**
   * Runs a query in a transaction of the caller's, which may read more in the same state of the database.
   * @param again the caller's row has been written: see `provision`
   * @returns undefined when the caller's row has to be written first
   */
  queryIn(tx: ReadTx, call: Call, again: boolean): Promise<Outcome | undefined> {
    return this.#recorded({ ...call, kind: "query" }, async (fn, args) => {
      const json = await this.#runIn(tx, fn, call, args, again);
      return json === undefined ? undefined : { json };
    });
  }

  /** Runs queries of one caller in one state of the database. */
  async queryTogether(calls: readonly Call[]): Promise<Outcome[]> {
    const [first] = calls;
    if (first === undefined) return [];
    return this.#provisioned(first, (again) =>
      this.#services.db.read(async (tx) => {
        const outcomes: Outcome[] = [];
        for (const call of calls) {
          const outcome = await this.queryIn(
            tx,
            { ...call, args: structuredClone(call.args) },
            again,
          );
          if (outcome === undefined) return undefined;
          outcomes.push(outcome);
          // What broke may have broken the transaction for the others.
          if (!outcome.ok && outcome.failure.kind !== "refused") break;
        }
        return outcomes;
      }),
    );
  }

  /** Writes the caller's row, or brings it up to date. */
  async provision(identity: Identity): Promise<void> {
    if (identity.kind === "user") await this.#accounts.provision(identity);
  }

  async #recorded<T extends Answer | undefined>(
    call: Call,
    run: (fn: RegisteredFunction, args: Record<string, unknown>) => Promise<T>,
  ): Promise<Outcome | Extract<T, undefined>> {
    const started = performance.now();
    const fn = this.#registry.get(call.name);
    this.#underWay += 1;
    const outcome = await this.#settle(fn, call, run).finally(() => {
      this.#underWay -= 1;
    });
    if (outcome !== undefined) {
      const record: CallRecord = {
        fn: fn?.name ?? "unknown",
        kind: fn?.definition.kind ?? "unknown",
        requestId: call.requestId,
        ...recordOf(outcome),
        bytes: call.argsBytes + (outcome.ok ? Buffer.byteLength(outcome.json) : 0),
        ms: performance.now() - started,
      };
      this.#onCall?.(record, call);
    }
    return outcome;
  }

  async #settle<T extends Answer | undefined>(
    fn: RegisteredFunction | undefined,
    call: Call,
    run: (fn: RegisteredFunction, args: Record<string, unknown>) => Promise<T>,
  ): Promise<Outcome | Extract<T, undefined>> {
    if (fn === undefined)
      return { ok: false, failure: unknownFunction(call.name, call.kind === undefined) };
    const { kind } = fn.definition;
    if (call.kind !== undefined && call.kind !== kind)
      return { ok: false, failure: wrongKind(fn.name, call.kind, kind) };
    const read = readArguments(fn, call.args, call.argsBytes);
    if (!read.ok) return { ok: false, failure: read.refusal };
    try {
      this.#count(fn, call);
      const answer = await run(fn, read.args);
      return answer === undefined
        ? (answer as Extract<T, undefined>)
        : { ok: true, ...(answer as Answer) };
    } catch (error) {
      const failure = failureOf(error);
      logFailure(this.#callLog(fn, call), failure, error);
      return { ok: false, failure };
    }
  }

  /** @throws AppError RATE_LIMIT_EXCEEDED before anything is spent on the call */
  #count({ name, definition }: RegisteredFunction, { identity, once }: Call): void {
    if (identity.kind !== "user") return;
    this.#take(identity, name, definition.callsPerMinute);
    if (once) this.#take(identity, "all mutations", oncePerMinute);
  }

  #take({ issuer, subject }: UserIdentity, action: string, limit: number): void {
    if (!Number.isFinite(limit)) return;
    const retryAfterMs = this.#rates.take(JSON.stringify([action, issuer, subject]), limit);
    if (retryAfterMs === undefined) return;
    const message = `At most ${limit} in 60 s; try again in ${Math.ceil(retryAfterMs / 1000)} s`;
    throw new AppError("RATE_LIMIT_EXCEEDED", message, { action, limit, retryAfterMs });
  }

  async #run(fn: RegisteredFunction, call: Call, args: Record<string, unknown>): Promise<Answer> {
    const { db } = this.#services;
    const { once } = call;
    switch (fn.definition.kind) {
      case "query": {
        const work = (tx: ReadTx, again: boolean) => this.#runIn(tx, fn, call, args, again);
        return { json: await this.#provisioned(call, (again) => db.read((tx) => work(tx, again))) };
      }
      case "mutation": {
        const work = (tx: Tx, again: boolean) => this.#runIn(tx, fn, call, args, again);
        if (once) return this.#runOnce(call, once, work);
        const json = this.#provisioned(call, (again) => db.transaction((tx) => work(tx, again)));
        return { json: await json };
      }
      case "action":
        return { json: await this.#act(fn, call, args) };
    }
  }

  #runOnce(
    call: Call,
    once: RequestKey,
    work: (tx: Tx, again: boolean) => Promise<string | undefined>,
  ): Promise<CarriedOut> {
    const attempt = (again: boolean) =>
      this.#services.db.transaction((tx) =>
        onceOnly(tx, once, call.identity, () => work(tx, again)),
      );
    return this.#provisioned(call, (again) =>
      attempt(again).catch((error: unknown) => {
        if (error instanceof CarriedOutElsewhere) return attempt(again);
        throw error;
      }),
    );
  }

  /** Handler and result check inside the transaction: a bad result must not leave its writes behind. */
  async #runIn(
    tx: ReadTx,
    fn: RegisteredFunction,
    call: Call,
    args: Record<string, unknown>,
    again: boolean,
  ): Promise<string | undefined> {
    const grant = await this.#admit(tx, fn, call, args, again);
    if (grant === undefined) return undefined;
    const ctx: QueryContext = {
      services: this.#services,
      identity: call.identity,
      grant,
      requestId: call.requestId,
      log: this.#callLog(fn, call),
      tx,
    };
    return writeResult(fn, await (fn.definition.handler as Handler)(ctx, args), call.format);
  }

  async #act(fn: RegisteredFunction, call: Call, args: Record<string, unknown>): Promise<string> {
    const grant = await this.#provisioned(call, (again) =>
      this.#services.db.read((tx) => this.#admit(tx, fn, call, args, again)),
    );
    const db = new CallersDatabase(this.#services.db, this.#accounts, call.identity);
    const ctx: ActionContext = {
      services: { ...this.#services, db },
      identity: call.identity,
      grant,
      requestId: call.requestId,
      log: this.#callLog(fn, call),
      signal: call.signal(),
    };
    return writeResult(fn, await (fn.definition.handler as Handler)(ctx, args), call.format);
  }

  /** What the permission proves; undefined when the caller's row has to be written first. */
  async #admit(
    tx: ReadTx,
    fn: RegisteredFunction,
    { identity }: Call,
    args: Record<string, unknown>,
    again: boolean,
  ): Promise<Grant | undefined> {
    let user: User | undefined;
    if (identity.kind === "user") {
      const find = again ? this.#accounts.find : this.#accounts.findCurrent;
      user = await find(tx, identity, fn.definition.kind === "mutation");
      if (user === undefined) return undefined;
      if (!user.isActive) throw inactiveUser();
    }
    return orThrow(await fn.definition.permission.check({ tx, identity, user, args }));
  }

  /** Runs `attempt`; when it finds the caller's row missing or outdated, provisions and runs it once more. */
  async #provisioned<T>(
    { identity }: Call,
    attempt: (again: boolean) => Promise<T | undefined>,
  ): Promise<T> {
    const first = await attempt(false);
    if (first !== undefined) return first;
    if (identity.kind === "user") await this.#accounts.provision(identity);
    const second = await attempt(true);
    if (second === undefined) throw new Error("A provisioned user has no row");
    return second;
  }

  #callLog(fn: RegisteredFunction, call: Call): Log {
    return new CallLog(this.#log, { fn: fn.name, requestId: call.requestId });
  }
}
