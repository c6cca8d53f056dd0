import { AuthError } from "../auth/authError.ts";
import type { Identity } from "../auth/identity.ts";
import { DatabaseUnavailableError } from "../db/port.ts";
import type { Failure } from "../runtime/call/outcome.ts";
import { type ClientCall, failureText, invokeFor, nameOf } from "./calls.ts";
import type { Moment } from "./commitLog.ts";
import type { ClientSocket, ConnectionServices } from "./connectionPorts.ts";
import { Credentials } from "./credentials.ts";
import type { ClientMessage, ClientMessageOf, StateVersion } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import { QuerySet, QuerySetError } from "./querySet.ts";

interface QueuedMutation {
  readonly message: ClientMessageOf<"Mutation">;
  readonly identity: Identity;
  readonly bytes: number;
}

/** Bytes of messages that a client may have waiting here before it is no longer read. */
const inboxBytes = 256 * 1024;
/** Bytes a client may leave untaken before nothing new is made for it. */
const outboxBytes = 1024 * 1024;
/** Mutations carried out in a row before the client is shown where that has led. */
const mutationsInARow = 10;
const actionsAtOnce = 100;
const retryMs = { first: 250, most: 5_000 };
/** Attempts without the database before the client is told, who can only be told by sending it away. */
const quietAttempts = 4;

/**
 * One client of the sync protocol. It does one thing at a time: reads messages in order, carries out a mutation, or brings its
 * queries up to date. So a client sees what a mutation did never before the mutation's answer, and never a state without it after.
 */
export class SyncConnection {
  readonly #services: ConnectionServices;
  readonly #socket: ClientSocket;
  readonly #queries: QuerySet;
  readonly #inbox: { message: ClientMessage; bytes: number }[] = [];
  readonly #mutations: QueuedMutation[] = [];
  #waitingBytes = 0;
  #sessionId: string | undefined;
  readonly #credentials: Credentials;
  #received = { querySet: 0, identity: 0 };
  #sent: StateVersion = protocol.firstVersion;
  #skewMs: number | undefined;
  /** The initial queries are known: before that, nothing is told. */
  #begun = false;
  /** A Transition is owed. */
  #dirty = false;
  #sinceView = 0;
  readonly #actions = new Set<Promise<void>>();
  #failures = 0;
  #running: Promise<void> | undefined;
  #closed = false;
  #draining = false;

  constructor(services: ConnectionServices, socket: ClientSocket) {
    this.#services = services;
    this.#socket = socket;
    this.#queries = new QuerySet(services.store, this);
    this.#credentials = new Credentials(services.authenticator);
  }

  /** Queries it watches. */
  get queries(): number {
    return this.#queries.size;
  }

  /** Takes a message; they are worked on in order. */
  receive(text: string): void {
    if (this.#closed || this.#draining) return;
    const message = protocol.parseClientMessage(text);
    if ("problem" in message) {
      this.#end(message.problem);
      return;
    }
    const bytes = Buffer.byteLength(text);
    this.#inbox.push({ message, bytes });
    this.#count(bytes);
    this.#go();
  }

  /** A query may give something else. */
  wake(): void {
    this.#dirty = true;
    this.#go();
  }

  /** The client has taken what was sent, or time has passed. */
  look(): void {
    if (this.#credentials.isDue(this.#services.clock.now())) void this.#renew();
    this.#go();
  }

  /** The socket is gone. */
  gone(): void {
    this.#closed = true;
    this.#queries.clear();
    this.#inbox.length = 0;
    this.#mutations.length = 0;
  }

  /** Takes nothing more, finishes what it has begun, and sends the client elsewhere. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#running;
    await Promise.all(this.#actions);
    this.close(1001, "GoingAway");
  }

  close(code?: number, reason?: string): void {
    if (this.#closed) return;
    this.gone();
    this.#socket.close(code, reason);
  }

  #go(): void {
    if (this.#closed) return;
    // Later: whoever wakes this one is in the middle of something.
    this.#running ??= Promise.resolve()
      .then(() => this.#work())
      .catch((error: unknown) => this.#break(error))
      .finally(() => {
        this.#running = undefined;
        if (this.#hasWork()) this.#go();
      });
  }

  #break(error: unknown): void {
    this.#services.log.error({ err: error }, "a live connection broke");
    this.close(1011, "InternalServerError");
  }

  async #renew(): Promise<void> {
    try {
      await this.#credentials.renew();
    } catch (error) {
      if (error instanceof AuthError) this.#reject(error, false);
      else this.#break(error);
    }
  }

  #hasWork(): boolean {
    if (this.#closed || this.#isCongested()) return false;
    if (this.#inbox.length > 0) return !this.#draining;
    return (this.#mutations.length > 0 && !this.#draining) || (this.#dirty && this.#begun);
  }

  async #work(): Promise<void> {
    while (this.#hasWork()) {
      const next = this.#draining ? undefined : this.#inbox.shift();
      if (next) {
        this.#count(-next.bytes);
        await this.#handle(next.message, next.bytes);
      } else if (this.#isMutationsTurn()) await this.#mutate();
      else await this.#show();
    }
  }

  #isMutationsTurn(): boolean {
    if (this.#mutations.length === 0 || this.#draining) return false;
    return !(this.#dirty && this.#begun) || this.#sinceView < mutationsInARow;
  }

  #isCongested(): boolean {
    return this.#socket.waitingBytes > outboxBytes;
  }

  #count(bytes: number): void {
    const before = this.#waitingBytes;
    this.#waitingBytes += bytes;
    if (before <= inboxBytes && this.#waitingBytes > inboxBytes) this.#socket.setReading(false);
    if (before > inboxBytes && this.#waitingBytes <= inboxBytes) this.#socket.setReading(true);
  }

  /** What no client of this protocol would send ends it for good. */
  #end(problem: string): void {
    this.#socket.send(protocol.fatalError(problem));
    this.close();
  }

  async #handle(message: ClientMessage, bytes: number): Promise<void> {
    switch (message.type) {
      case "Connect":
        this.#sessionId = message.sessionId;
        if (message.clientTs !== undefined)
          this.#skewMs = Math.round(message.clientTs - this.#services.clock.now());
        return;
      case "ModifyQuerySet":
        return this.#modify(message);
      case "Authenticate":
        return this.#authenticate(message);
      case "Mutation":
        this.#mutations.push({ message, identity: this.#credentials.identity, bytes });
        return this.#count(bytes);
      case "Action":
        return this.#act(message, bytes);
      case "Event":
        return;
    }
  }

  #modify({ baseVersion, newVersion, modifications }: ClientMessageOf<"ModifyQuerySet">): void {
    const current = this.#received.querySet;
    if (baseVersion !== current) {
      this.#end(
        `Base version ${baseVersion} passed up doesn't match the current version ${current}`,
      );
      return;
    }
    try {
      this.#queries.modify(modifications, this.#credentials.identity);
    } catch (error) {
      if (!(error instanceof QuerySetError)) throw error;
      if (error.code === undefined) {
        this.#end(error.message);
        return;
      }
      this.close(error.code, error.message);
      return;
    }
    this.#received.querySet = newVersion;
    this.#begun = true;
    this.#dirty = true;
  }

  async #authenticate(message: ClientMessageOf<"Authenticate">): Promise<void> {
    if (message.baseVersion !== this.#received.identity)
      return this.close(1011, "InternalServerError");
    try {
      await this.#credentials.change(message);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return this.#reject(error, true);
    }
    if (this.#closed) return;
    this.#received.identity = message.baseVersion + 1;
    this.#queries.identify(this.#credentials.identity);
    this.#dirty = true;
  }

  #reject(error: AuthError, attempted: boolean): void {
    if (error.httpStatus >= 500) {
      this.close(1013, error.code);
      return;
    }
    const text = attempted ? error.message : "Convex token identity expired";
    if (!this.#closed)
      this.#socket.send(protocol.authError(text, this.#received.identity, attempted));
    this.close();
  }

  async #mutate(): Promise<void> {
    const next = this.#mutations.shift();
    if (next === undefined) return;
    this.#count(-next.bytes);
    const call = this.#callOf("mutation", next);
    if (call === undefined) return;
    const outcome = await invokeFor(this.#services.invoker, call);
    if (this.#closed) return;
    this.#sinceView += 1;
    this.#dirty = true;
    if (!outcome.ok) return this.#refuse(call, outcome.failure);
    const { requestId } = next.message;
    this.#socket.send(protocol.mutationDone(requestId, outcome.json, outcome.ts ?? 0n));
  }

  /** Actions run beside everything else. */
  #act(message: ClientMessageOf<"Action">, bytes: number): void {
    const call = this.#callOf("action", { message, identity: this.#credentials.identity, bytes });
    if (call === undefined) return;
    if (this.#actions.size >= actionsAtOnce) {
      this.close(1013, "TooManyConcurrentActions");
      return;
    }
    const action = invokeFor(this.#services.invoker, call).then((outcome) => {
      this.#actions.delete(action);
      if (this.#closed) return;
      if (outcome.ok) this.#socket.send(protocol.actionDone(message.requestId, outcome.json));
      else this.#refuse(call, outcome.failure);
      this.wake();
    });
    this.#actions.add(action);
  }

  #callOf(
    kind: ClientCall["kind"],
    { message, identity, bytes }: Pick<ClientCall, "message" | "identity" | "bytes">,
  ): ClientCall | undefined {
    const sessionId = this.#sessionId;
    const named = nameOf(message);
    const { stopping } = this.#services;
    if ("problem" in named) this.#end(named.problem);
    else if (sessionId === undefined) this.#end(`${message.type} received before Connect`);
    else return { kind, name: named.name, message, sessionId, identity, bytes, stopping };
    return undefined;
  }

  #refuse(call: ClientCall, failure: Failure): void {
    const text = failureText(call, failure);
    if (text !== undefined) this.#socket.send(text);
    else this.close(1013, failure.kind === "unavailable" ? failure.code : undefined);
  }

  /** Brings all queries to one state and tells what has changed. */
  async #show(): Promise<void> {
    this.#dirty = false;
    this.#sinceView = 0;
    const received = { ...this.#received };
    try {
      const view = await this.#services.runner.view(this.#queries.watched());
      this.#failures = 0;
      if (this.#closed) return;
      const { modifications, staleSince, ...counts } = this.#queries.changes(view);
      const bytes = this.#transition(received, view.moment, modifications);
      const stalenessMs = staleSince === undefined ? undefined : performance.now() - staleSince;
      this.#services.onTold({
        identity: this.#credentials.identity,
        ...counts,
        bytes,
        stalenessMs,
      });
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      if (this.#failures >= quietAttempts) return this.close(1013, "DatabaseUnavailable");
      this.#dirty = true;
      await this.#services.clock.sleep(this.#backoffMs(), this.#services.stopping);
    }
  }

  #backoffMs(): number {
    const ms = Math.min(retryMs.most, retryMs.first * 2 ** this.#failures);
    this.#failures += 1;
    return ms * (0.5 + Math.random() / 2);
  }

  #transition(
    received: { querySet: number; identity: number },
    { ts }: Moment,
    modifications: readonly string[],
  ): number {
    const start = this.#sent;
    const end = { ...received, ts: ts > start.ts ? ts : start.ts };
    const text = protocol.transition(start, end, modifications, this.#skewMs);
    this.#socket.send(text);
    this.#skewMs = undefined;
    this.#sent = end;
    return Buffer.byteLength(text);
  }
}
