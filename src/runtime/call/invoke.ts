import type { Identity, User } from "../../auth/identity.ts";
import type { Grant } from "../../auth/permission.ts";
import { AppError } from "../../core/errors.ts";
import { CallRates } from "../../core/limits/callRates.ts";
import type { Log } from "../../core/log.ts";
import { orThrow } from "../../core/result.ts";
import type { ReadTx } from "../../db/port.ts";
import type { FunctionKind } from "../builders.ts";
import type { ActionContext, QueryContext, Services } from "../context.ts";
import type { RegisteredFunction, Registry } from "../registry.ts";
import type { Format } from "../values/values.ts";
import type { Accounts } from "./accounts.ts";
import { readArguments } from "./arguments.ts";
import { CallLog } from "./callLog.ts";
import { failureOf, inactiveUser, logFailure, recordOf } from "./failures.ts";
import type { CallRecord, Outcome } from "./outcome.ts";
import { unknownFunction, wrongKind } from "./refusals.ts";
import { writeResult } from "./results.ts";

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
  /** Asked for by actions only; aborts when the client has gone or the server stops. */
  signal(): AbortSignal;
}

export interface InvokerOptions {
  registry: Registry;
  services: Services;
  accounts: Accounts;
  log: Log;
  /** Told of every call when it has ended; must not throw. */
  onCall?: (record: CallRecord) => void;
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
  readonly #onCall: ((record: CallRecord) => void) | undefined;
  readonly #rates: CallRates;

  constructor({ registry, services, accounts, log, onCall }: InvokerOptions) {
    this.#registry = registry;
    this.#services = services;
    this.#accounts = accounts;
    this.#log = log;
    this.#onCall = onCall;
    this.#rates = new CallRates(() => services.clock.now());
  }

  async invoke(call: Call): Promise<Outcome> {
    const started = performance.now();
    const fn = this.#registry.get(call.name);
    const outcome = await this.#settle(fn, call);
    this.#onCall?.({
      fn: fn?.name ?? "unknown",
      kind: fn?.definition.kind ?? "unknown",
      requestId: call.requestId,
      ...recordOf(outcome),
      ms: performance.now() - started,
    });
    return outcome;
  }

  async #settle(fn: RegisteredFunction | undefined, call: Call): Promise<Outcome> {
    if (fn === undefined)
      return { ok: false, failure: unknownFunction(call.name, call.kind === undefined) };
    const { kind } = fn.definition;
    if (call.kind !== undefined && call.kind !== kind)
      return { ok: false, failure: wrongKind(fn.name, call.kind, kind) };
    const read = readArguments(fn, call.args, call.argsBytes);
    if (!read.ok) return { ok: false, failure: read.refusal };
    try {
      this.#count(fn, call.identity);
      return { ok: true, json: await this.#run(fn, call, read.args) };
    } catch (error) {
      const failure = failureOf(error);
      logFailure(this.#callLog(fn, call), failure, error);
      return { ok: false, failure };
    }
  }

  /** @throws AppError RATE_LIMIT_EXCEEDED before anything is spent on the call */
  #count({ name, definition }: RegisteredFunction, identity: Identity): void {
    const { callsPerMinute: limit } = definition;
    if (identity.kind !== "user" || !Number.isFinite(limit)) return;
    const caller = JSON.stringify([name, identity.issuer, identity.subject]);
    const retryAfterMs = this.#rates.take(caller, limit);
    if (retryAfterMs === undefined) return;
    const message = `At most ${limit} in 60 s; try again in ${Math.ceil(retryAfterMs / 1000)} s`;
    throw new AppError("RATE_LIMIT_EXCEEDED", message, { action: name, limit, retryAfterMs });
  }

  #run(fn: RegisteredFunction, call: Call, args: Record<string, unknown>): Promise<string> {
    const { db } = this.#services;
    switch (fn.definition.kind) {
      case "query":
        return this.#provisioned(call, (again) =>
          db.read((tx) => this.#runIn(tx, fn, call, args, again)),
        );
      case "mutation":
        return this.#provisioned(call, (again) =>
          db.transaction((tx) => this.#runIn(tx, fn, call, args, again)),
        );
      case "action":
        return this.#act(fn, call, args);
    }
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
    const ctx: ActionContext = {
      services: this.#services,
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
      user = await find(tx, identity);
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
