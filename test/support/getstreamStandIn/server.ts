import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { authenticate, type Credentials } from "./auth.ts";
import { Calls } from "./calls.ts";
import { badInput, errorBody, Refusal } from "./errors.ts";
import { type Fault, Faults } from "./faults.ts";
import { findOperation } from "./operations.ts";
import { requestSchemas } from "./schemas.ts";

export interface LoggedRequest {
  operation: string;
  method: string;
  /** As sent, without the query. */
  path: string;
  query: Record<string, string>;
  headers: Record<string, string | string[] | undefined>;
  /** As sent; empty without one. */
  rawBody: string;
  body: unknown;
  /** Keys Stream does not publish for this request. */
  unknownKeys: string[];
}

export interface StandInOptions extends Partial<Credentials> {
  /** Epoch ms. */
  now?: () => number;
  captureAtOnce?: boolean;
  filesAtOnce?: boolean;
  /** What every finished file contains. */
  content?: Buffer;
}

/** A local server that answers like Stream's video API. */
export interface GetStreamStandIn extends Credentials {
  url: string;
  calls: Calls;
  requests: LoggedRequest[];
  /** How files are sent from now on. */
  sendFiles(how: Partial<FileSending>): void;
  /** Operations of the requests so far, in order. */
  operations(): string[];
  fault(operation: string, fault: Fault, times?: number): void;
  clearFaults(): void;
  close(): Promise<void>;
}

const limitPerMinute = 1_000;

/** Starts a stand-in on a free port of 127.0.0.1. Close it when done. */
export async function startGetStreamStandIn(
  options: StandInOptions = {},
): Promise<GetStreamStandIn> {
  const standIn = new StandIn(options);
  const server = createServer((request, response) => void standIn.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  standIn.url = `http://127.0.0.1:${port}`;
  return {
    ...standIn.credentials,
    url: standIn.url,
    calls: standIn.calls,
    requests: standIn.requests,
    sendFiles: (how) => Object.assign(standIn.sending, how),
    operations: () => standIn.requests.map(({ operation }) => operation),
    fault: (operation, fault, times) => standIn.faults.add(operation, fault, times),
    clearFaults: () => standIn.faults.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface FileSending {
  content: Buffer;
  /** The connection breaks after so many bytes of an answer. */
  cutAfter: number;
}

interface Answer {
  status: number;
  body: object;
}

class StandIn {
  readonly credentials: Credentials;
  readonly calls: Calls;
  readonly faults = new Faults();
  readonly requests: LoggedRequest[] = [];
  readonly sending: FileSending;
  url = "";
  readonly #now: () => number;

  constructor({ now = Date.now, content = Buffer.from("media"), ...options }: StandInOptions) {
    this.sending = { content, cutAfter: Number.POSITIVE_INFINITY };
    const { apiKey = "stand-in-key", apiSecret = "stand-in-secret" } = options;
    const { captureAtOnce = true, filesAtOnce = true } = options;
    this.credentials = { apiKey, apiSecret };
    this.#now = now;
    this.calls = new Calls({ now, captureAtOnce, filesAtOnce });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const rawBody = await readBody(request);
    const url = new URL(request.url ?? "/", this.url);
    if (url.pathname.startsWith("/files/")) {
      this.#log(request, url, "File", "");
      return this.#sendFile(request, response);
    }
    const found = findOperation(request.method ?? "", url.pathname);
    const name = found?.operation.name ?? "Request";
    const logged = this.#log(request, url, name, rawBody);
    const fault = this.faults.take(name);
    if (!fault || willAccept(fault)) {
      const answer = this.#answer(logged, url, found);
      if (!fault) return this.#send(response, answer);
      return this.#fail(response, fault, name, answer);
    }
    return this.#fail(response, fault, name, { status: 500, body: {} });
  }

  #log(request: IncomingMessage, url: URL, operation: string, rawBody: string): LoggedRequest {
    const logged: LoggedRequest = {
      operation,
      method: request.method ?? "",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      rawBody,
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

  #fail(response: ServerResponse, fault: Fault, operation: string, answer: Answer): void {
    const refuse = (status: number, code: number, message: string, resetAt?: number) => {
      const body = errorBody(operation, new Refusal(status, code, message));
      this.#send(response, { status, body }, resetAt);
    };
    switch (fault.kind) {
      case "status":
        refuse(fault.status, fault.code, fault.message ?? "injected");
        break;
      case "rateLimit":
        refuse(429, 9, "Too many requests", fault.resetAt);
        break;
      case "html":
        response.writeHead(fault.status, { "content-type": "text/html" }).end("<h1>failed</h1>");
        break;
      case "malformed":
        response
          .writeHead(answer.status, { "content-type": "application/json" })
          .end('{"duration":');
        break;
      case "drop":
        response.destroy();
        break;
      case "delay":
        setTimeout(() => this.#send(response, answer), fault.ms).unref();
        break;
      case "hang":
        break;
      default:
        fault satisfies never;
    }
  }

  /** With ranges and an entity tag, as a content network does. */
  #sendFile({ headers }: IncomingMessage, response: ServerResponse): void {
    const fault = this.faults.take("File");
    if (fault?.kind === "status") {
      response.writeHead(fault.status).end();
      return;
    }
    const { content, cutAfter } = this.sending;
    const etag = `"${createHash("md5").update(content).digest("hex")}"`;
    const [, asked] = /^bytes=(\d+)-$/.exec(headers.range ?? "") ?? [];
    const from = asked !== undefined && headers["if-range"] === etag ? Number(asked) : 0;
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(from > 0 ? 206 : 200, {
      ...{ etag, "content-length": content.length - from, "content-type": "video/mp4" },
      ...(from > 0 ? { "content-range": range } : {}),
    });
    const part = content.subarray(from, from + cutAfter);
    if (part.length === content.length - from) response.end(part);
    else response.write(part, () => setImmediate(() => response.destroy()));
  }

  #send(response: ServerResponse, { status, body }: Answer, resetAt?: number): void {
    if (response.destroyed) return;
    const reset = resetAt ?? Math.ceil(this.#now() / 60_000) * 60_000;
    response.writeHead(status, {
      "content-type": "application/json",
      date: new Date(this.#now()).toUTCString(),
      "x-ratelimit-limit": String(limitPerMinute),
      "x-ratelimit-remaining": String(status === 429 ? 0 : limitPerMinute - 1),
      "x-ratelimit-reset": String(Math.ceil(reset / 1000)),
    });
    response.end(JSON.stringify(body));
  }
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

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parse(body: string): unknown {
  if (body === "") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
