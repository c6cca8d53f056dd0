import { AuthError } from "../../../src/auth/authError.ts";
import type { Authenticator } from "../../../src/auth/tokens/authenticator.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Log } from "../../../src/core/log.ts";
import { buildServer, type HttpServer, type ServerOptions } from "../../../src/http/server.ts";
import { Invoker } from "../../../src/runtime/call/invoke.ts";
import type { CallRecord } from "../../../src/runtime/call/outcome.ts";
import { buildRegistry } from "../../../src/runtime/registry.ts";
import { CounterDatabase, FakeAccounts, fakeServices } from "./fakeServices.ts";
import { sampleModules } from "./sampleModules.ts";

/** Accepts `Bearer user:<subject>` and `Convex admin`; everything else is a bad token. */
export const fakeAuthenticator: Authenticator = {
  authenticate: async (header) => {
    if (header === undefined) return { kind: "anonymous" };
    if (header === "Convex admin") return { kind: "admin" };
    const subject = /^Bearer user:(\w+)$/.exec(header)?.[1];
    if (subject === undefined)
      throw new AuthError(401, "InvalidAuthHeader", "Could not decode token");
    return {
      kind: "user",
      issuer: "https://issuer.example",
      subject,
      email: `${subject}@example.com`,
    };
  },
};

/** Keeps what is logged, as text. */
export class MemoryLog implements Log {
  readonly lines: string[] = [];
  readonly debug = (fields: object, message: string) => this.#add("debug", fields, message);
  readonly info = (fields: object, message: string) => this.#add("info", fields, message);
  readonly warn = (fields: object, message: string) => this.#add("warn", fields, message);
  readonly error = (fields: object, message: string) => this.#add("error", fields, message);
  readonly child = () => this;

  #add(level: string, fields: object, message: string): void {
    const error = "err" in fields ? String(fields.err) : "";
    this.lines.push(`${level} ${message} ${error}`.trim());
  }
}

export interface SampleServer extends HttpServer {
  db: CounterDatabase;
  accounts: FakeAccounts;
  log: MemoryLog;
  calls: CallRecord[];
}

type SampleOptions = Partial<
  Pick<ServerOptions, "plugins" | "readiness" | "connections" | "trustedProxies" | "times">
>;

/** The real server over sample functions, a database in memory and made-up tokens. */
export function sampleServer(options: SampleOptions = {}): SampleServer {
  const db = new CounterDatabase();
  const accounts = new FakeAccounts();
  const log = new MemoryLog();
  const calls: CallRecord[] = [];
  const registry = buildRegistry(sampleModules);
  const services = fakeServices(db);
  const onCall = (record: CallRecord) => calls.push(record);
  const invoker = new Invoker({ registry, services, accounts, log, onCall });
  const server = buildServer({
    registry,
    invoker,
    authenticator: fakeAuthenticator,
    clock: systemClock,
    log,
    version: "0.0.0-test",
    commitTs: async () => 1n,
    publicUrl: () => "http://127.0.0.1:3210",
    ...options,
  });
  return { ...server, db, accounts, log, calls };
}
