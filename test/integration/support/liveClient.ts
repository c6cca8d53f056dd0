import type { Identity } from "../../../src/auth/identity.ts";
import type { SyncConnection } from "../../../src/sync/connection.ts";
import type { ClientSocket } from "../../../src/sync/connectionPorts.ts";
import type { SyncHub } from "../../../src/sync/hub.ts";
import { decodeTs } from "../../../src/sync/protocol.ts";

interface Version {
  querySet: number;
  identity: number;
  ts: string;
}

interface Modification {
  type: "QueryUpdated" | "QueryFailed" | "QueryRemoved";
  queryId: number;
  value?: unknown;
  errorMessage?: string;
}

interface Transition {
  startVersion: Version;
  endVersion: Version;
  modifications: Modification[];
}

interface Pending {
  readonly text: string;
  /** Answered, and from when on its effect is seen. */
  ts?: bigint;
  result?: unknown;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What was told of a query: its value, or what it failed with. */
export type Told = { value: unknown } | { error: string };

const zero: Version = { querySet: 0, identity: 0, ts: "AAAAAAAAAAA=" };

/**
 * A client of the sync protocol that does what Convex's does and holds the server to what that one relies on: every fault is
 * an error here. It runs in the process of the hubs, without sockets.
 */
export class LiveClient {
  readonly sessionId: string;
  /** The present view: told by the server alone. */
  readonly view = new Map<number, Told>();
  readonly faults: string[] = [];
  /** Called after every Transition. */
  onView: () => void = () => undefined;
  readonly #queries = new Map<number, { udfPath: string; args: unknown[] }>();
  readonly #pending = new Map<number, Pending>();
  #token: string | undefined;
  #nextRequest = 0;
  #querySet = 0;
  #identity = 0;
  #version: Version = zero;
  #highest = 0n;
  #first = true;
  #link: { hub: SyncHub; connection: SyncConnection; dead: boolean } | undefined;

  constructor(sessionId: string) {
    this.sessionId = sessionId;
  }

  /** Connects, again too: names who it is, all its queries, and whatever is not known to be seen. */
  connect(hub: SyncHub): void {
    this.disconnect();
    const link = { hub, dead: false } as {
      hub: SyncHub;
      connection: SyncConnection;
      dead: boolean;
    };
    const socket: ClientSocket = {
      waitingBytes: 0,
      send: (text) => !link.dead && this.#receive(JSON.parse(text)),
      close: () => {
        link.dead = true;
        hub.disconnect(link.connection);
      },
      setReading: () => undefined,
    };
    link.connection = hub.connect(socket);
    this.#link = link;
    this.#version = zero;
    this.#first = true;
    this.#identity = 0;
    this.#querySet = 0;
    this.#send({ type: "Connect", sessionId: this.sessionId, connectionCount: 0 });
    if (this.#token !== undefined) this.#authenticate();
    const all = [...this.#queries].map(([queryId, query]) => ({ type: "Add", queryId, ...query }));
    this.#modify(all);
    for (const { text } of this.#pending.values()) link.connection.receive(text);
  }

  disconnect(): void {
    const link = this.#link;
    if (link === undefined || link.dead) return;
    link.dead = true;
    link.hub.disconnect(link.connection);
  }

  signIn(token: string | undefined): void {
    this.#token = token;
    this.#authenticate();
  }

  subscribe(queryId: number, udfPath: string, args: object): void {
    this.#queries.set(queryId, { udfPath, args: [args] });
    this.#modify([{ type: "Add", queryId, udfPath, args: [args] }]);
  }

  unsubscribe(queryId: number): void {
    if (!this.#queries.delete(queryId)) return;
    this.view.delete(queryId);
    this.#modify([{ type: "Remove", queryId }]);
  }

  /** Resolves when its effect is in the view. */
  mutate(udfPath: string, args: object): Promise<unknown> {
    const requestId = this.#nextRequest++;
    const text = JSON.stringify({ type: "Mutation", requestId, udfPath, args: [args] });
    return new Promise((resolve, reject) => {
      this.#pending.set(requestId, { text, resolve, reject });
      if (this.#link && !this.#link.dead) this.#link.connection.receive(text);
    });
  }

  get isConnected(): boolean {
    return this.#link !== undefined && !this.#link.dead;
  }

  #authenticate(): void {
    const baseVersion = this.#identity++;
    this.#send(
      this.#token === undefined
        ? { type: "Authenticate", baseVersion, tokenType: "None" }
        : { type: "Authenticate", baseVersion, tokenType: "User", value: this.#token },
    );
  }

  #modify(modifications: object[]): void {
    const baseVersion = this.#querySet++;
    const newVersion = this.#querySet;
    this.#send({ type: "ModifyQuerySet", baseVersion, newVersion, modifications });
  }

  #send(message: object): void {
    if (this.#link && !this.#link.dead) this.#link.connection.receive(JSON.stringify(message));
  }

  #receive(message: { type: string } & Record<string, unknown>): void {
    switch (message.type) {
      case "Transition":
        this.#transition(message as unknown as Transition);
        return;
      case "MutationResponse":
        this.#answer(message);
        return;
      case "Ping":
        return;
      default:
        this.faults.push(`unexpected ${JSON.stringify(message)}`);
    }
  }

  #transition({ startVersion, endVersion, modifications }: Transition): void {
    if (JSON.stringify(startVersion) !== JSON.stringify(this.#version))
      this.faults.push(
        `starts at ${JSON.stringify(startVersion)}, not ${JSON.stringify(this.#version)}`,
      );
    const ts = decodeTs(endVersion.ts) ?? -1n;
    if (ts < this.#highest) this.faults.push(`went back from ${this.#highest} to ${ts}`);
    this.#highest = ts;
    this.#version = endVersion;
    if (this.#first) this.#begin(endVersion, modifications);
    for (const one of modifications) {
      if (one.type === "QueryRemoved") this.view.delete(one.queryId);
      else if (one.type === "QueryFailed")
        this.view.set(one.queryId, { error: one.errorMessage ?? "" });
      else this.view.set(one.queryId, { value: one.value });
    }
    this.onView();
    for (const [requestId, pending] of this.#pending) {
      if (pending.ts === undefined || pending.ts > ts) continue;
      this.#pending.delete(requestId);
      pending.resolve(pending.result);
    }
  }

  /** The first Transition of a connection tells of every query. */
  #begin({ querySet }: Version, modifications: Modification[]): void {
    this.#first = false;
    const told = new Set(modifications.map(({ queryId }) => queryId));
    for (const queryId of this.#queries.keys())
      if (!told.has(queryId) && querySet === this.#querySet)
        this.faults.push(`the first Transition leaves ${queryId} out`);
    this.view.clear();
  }

  #answer(message: Record<string, unknown>): void {
    const requestId = Number(message["requestId"]);
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    if (message["success"] === true) {
      pending.ts = decodeTs(String(message["ts"])) ?? 2n ** 63n;
      pending.result = message["result"];
    } else {
      this.#pending.delete(requestId);
      pending.reject(new Error(String(message["result"])));
    }
  }
}

/** Tokens of these tests: `user:<subject>`, signed by nobody. */
export function identityOf(authorization: string | undefined): Identity {
  const subject = /^Bearer user:(\w+)$/.exec(authorization ?? "")?.[1];
  if (subject === undefined) return { kind: "anonymous" };
  return { kind: "user", issuer: "https://issuer.test", subject };
}
