import { createHash } from "node:crypto";
import { authenticate, type Credentials } from "./auth.ts";
import { Calls, type CallsOptions } from "./calls.ts";
import { badInput, errorBody, Refusal } from "./errors.ts";
import { type Fault, Faults } from "./faults.ts";
import { findOperation } from "./operations.ts";
import { Quota } from "./quota.ts";
import { requestSchemas } from "./schemas.ts";

type Headers = Record<string, string | string[] | undefined>;

/** A request as it came, over whatever. */
export interface StandInRequest {
  method: string;
  /** Path and query. */
  target: string;
  headers: Headers;
  /** Empty without one. */
  rawBody: string;
}

export interface LoggedRequest {
  operation: string;
  method: string;
  /** As sent, without the query. */
  path: string;
  query: Record<string, string>;
  headers: Headers;
  /** As sent; empty without one. */
  rawBody: string;
  body: unknown;
  /** Keys Stream does not publish for this request. */
  unknownKeys: string[];
}

/** What becomes of a request: an answer, a closed connection, or silence. */
export type Reply =
  | {
      kind: "answer";
      status: number;
      headers: Record<string, string>;
      body: Buffer;
      /** It comes so late, ms. */
      delayMs?: number;
      /** The connection breaks after so many bytes of the body. */
      cutAfter?: number;
    }
  | { kind: "drop" }
  | { kind: "hang" };

export interface StandInOptions
  extends Partial<Credentials>,
    Pick<CallsOptions, "onEvent" | "onWork"> {
  /** Epoch ms. */
  now?: () => number;
  captureAtOnce?: boolean;
  filesAtOnce?: boolean;
  /** Requests of an operation that it answers in a minute; without it, all. */
  perMinute?: number | ((operation: string) => number);
  /** What finished files contain: all the same, or each by its name. */
  content?: Buffer | ((filename: string) => Buffer);
}

export interface FileSending {
  content: Buffer | ((filename: string) => Buffer);
  /** The connection breaks after so many bytes of an answer. */
  cutAfter: number;
}

interface Answer {
  status: number;
  body: object;
}

const pathOfFiles = "/files/";

/** One Stream application: what it knows, and how it answers. */
export class StandIn {
  readonly credentials: Credentials;
  readonly calls: Calls;
  readonly faults = new Faults();
  readonly requests: LoggedRequest[] = [];
  readonly sending: FileSending;
  /** Where it is reached. */
  url = "http://stream.invalid";
  readonly #now: () => number;
  readonly #quota: Quota;

  constructor({ now = Date.now, content = Buffer.from("media"), ...options }: StandInOptions = {}) {
    this.#quota = new Quota(now, options.perMinute);
    this.sending = { content, cutAfter: Number.POSITIVE_INFINITY };
    const { apiKey = "stand-in-key", apiSecret = "stand-in-secret", onEvent, onWork } = options;
    const { captureAtOnce = true, filesAtOnce = true } = options;
    this.credentials = { apiKey, apiSecret };
    this.#now = now;
    this.calls = new Calls({ now, captureAtOnce, filesAtOnce, onEvent, onWork });
  }

  /** Name of the operation that a request asks for: Stream's own, or `File`, or `Request` for an unknown one. */
  operationOf({ method, target }: Pick<StandInRequest, "method" | "target">): string {
    const { pathname } = new URL(target, this.url);
    if (pathname.startsWith(pathOfFiles)) return "File";
    return findOperation(method, pathname)?.operation.name ?? "Request";
  }

  /** Carries a request out, or lets it fail as a waiting fault says. */
  respond(request: StandInRequest): Reply {
    const url = new URL(request.target, this.url);
    const name = this.operationOf(request);
    const logged = this.#log(request, url, name);
    if (name === "File") return this.#file(request, url.pathname.slice(pathOfFiles.length));
    const found = findOperation(request.method, url.pathname);
    if (!this.#quota.take(name)) {
      const { resetsAt: resetAt } = this.#quota.left(name);
      return this.#failed({ kind: "rateLimit", resetAt }, name);
    }
    const fault = this.faults.take(name);
    if (fault && !willAccept(fault)) return this.#failed(fault, name);
    const answer = this.#answer(logged, url, found);
    return fault ? this.#failed(fault, name, answer) : this.#json(name, answer);
  }

  #log({ method, headers, rawBody }: StandInRequest, url: URL, operation: string): LoggedRequest {
    const logged: LoggedRequest = {
      ...{ operation, method, path: url.pathname, headers, rawBody },
      query: Object.fromEntries(url.searchParams),
      body: parse(rawBody),
      unknownKeys: [],
    };
    this.requests.push(logged);
    return logged;
  }

  #answer(logged: LoggedRequest, url: URL, found: ReturnType<typeof findOperation>): Answer {
    try {
      authenticate(logged.headers, url.searchParams, this.credentials);
      if (!found) throw new Refusal(404, 16, "Not Found");
      const { operation, path } = found;
      const body = checkBody(operation.schema, logged);
      const { calls, url: baseUrl } = this;
      const answer = operation.run({ calls, path, body, baseUrl });
      return { status: operation.status, body: { ...answer, duration: "1.23ms" } };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: errorBody(logged.operation, error) };
    }
  }

  /** `answer` is what a fault that only spoils the answer spoils. */
  #failed(fault: Fault, operation: string, answer: Answer = { status: 500, body: {} }): Reply {
    const refused = (status: number, code: number, message: string, resetAt?: number) =>
      this.#json(
        operation,
        { status, body: errorBody(operation, new Refusal(status, code, message)) },
        resetAt,
      );
    switch (fault.kind) {
      case "status":
        return refused(fault.status, fault.code, fault.message ?? "injected");
      case "rateLimit":
        return refused(429, 9, "Too many requests", fault.resetAt);
      case "html":
        return page(fault.status, "text/html", "<h1>failed</h1>");
      case "malformed":
        return page(answer.status, "application/json", '{"duration":');
      case "delay":
        return { ...this.#json(operation, answer), delayMs: fault.ms };
      case "drop":
      case "hang":
        return { kind: fault.kind };
      default:
        return fault satisfies never;
    }
  }

  /** With ranges and an entity tag, as a content network does. */
  #file({ headers }: StandInRequest, filename: string): Reply {
    const fault = this.faults.take("File");
    if (fault?.kind === "drop" || fault?.kind === "hang") return { kind: fault.kind };
    if (fault && "status" in fault) return page(fault.status, "text/plain", "");
    const { content, cutAfter } = this.sending;
    const whole = Buffer.isBuffer(content) ? content : content(filename);
    const etag = `"${createHash("md5").update(whole).digest("hex")}"`;
    const [, asked] = /^bytes=(\d+)-$/.exec(String(headers["range"])) ?? [];
    const from = asked !== undefined && headers["if-range"] === etag ? Number(asked) : 0;
    const body = whole.subarray(from);
    return {
      kind: "answer",
      status: from > 0 ? 206 : 200,
      headers: {
        ...{ etag, "content-length": String(body.length), "content-type": "video/mp4" },
        ...(from > 0
          ? { "content-range": `bytes ${from}-${whole.length - 1}/${whole.length}` }
          : {}),
      },
      body,
      ...(cutAfter < body.length ? { cutAfter } : {}),
      ...(fault?.kind === "delay" ? { delayMs: fault.ms } : {}),
    };
  }

  #json(operation: string, { status, body }: Answer, resetAt?: number) {
    const { limit, remaining, resetsAt } = this.#quota.left(operation);
    return {
      kind: "answer" as const,
      status,
      headers: {
        "content-type": "application/json",
        date: new Date(this.#now()).toUTCString(),
        "x-ratelimit-limit": String(limit),
        "x-ratelimit-remaining": String(status === 429 ? 0 : remaining),
        "x-ratelimit-reset": String(Math.ceil((resetAt ?? resetsAt) / 1000)),
      },
      body: Buffer.from(JSON.stringify(body)),
    };
  }
}

function page(status: number, contentType: string, text: string): Reply {
  const headers = { "content-type": contentType };
  return { kind: "answer", status, headers, body: Buffer.from(text) };
}

function willAccept(fault: Fault): boolean {
  if (fault.kind === "delay" || fault.kind === "malformed") return true;
  return "accept" in fault && fault.accept === true;
}

function checkBody(
  schema: keyof typeof requestSchemas | undefined,
  logged: LoggedRequest,
): Record<string, unknown> {
  if (!schema) return {};
  const checked = requestSchemas[schema].safeParse(logged.body);
  if (!checked.success) throw badInput(checked.error.issues[0]?.message ?? "invalid body");
  logged.unknownKeys.push(...unknownKeys(requestSchemas[schema], logged.body));
  return checked.data;
}

interface Shaped {
  def: { type: string; shape?: Record<string, Shaped>; innerType?: Shaped; element?: Shaped };
}

/** Paths of the keys that a (loose) schema does not name. */
function unknownKeys(schema: object, value: unknown, at = ""): string[] {
  const { def } = schema as Shaped;
  if (def.innerType) return unknownKeys(def.innerType, value, at);
  if (Array.isArray(value) && def.element)
    return value.flatMap((item) => unknownKeys(def.element ?? {}, item, `${at}[]`));
  if (!def.shape || typeof value !== "object" || value === null) return [];
  const { shape } = def;
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = shape[key];
    return known ? unknownKeys(known, inner, `${at}.${key}`) : [`${at}.${key}`];
  });
}

function parse(body: string): unknown {
  if (body === "") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
