import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Credentials } from "./auth.ts";
import type { Calls } from "./calls.ts";
import type { Fault } from "./faults.ts";
import {
  type FileSending,
  type LoggedRequest,
  type Reply,
  StandIn,
  type StandInOptions,
} from "./standIn.ts";

export type { LoggedRequest, StandInOptions } from "./standIn.ts";

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

export interface ServerOptions extends StandInOptions {
  /** Told when a request has come, and when it was carried out but not answered. @returns whether nothing more happens to it */
  onStage?(operation: string, stage: Stage): boolean;
}

export type Stage = "arrived" | "carried out";

/** Starts a stand-in on a free port of 127.0.0.1. Close it when done. */
export async function startGetStreamStandIn({
  onStage = () => false,
  ...options
}: ServerOptions = {}): Promise<GetStreamStandIn> {
  const standIn = new StandIn(options);
  const server = createServer(async (request, response) => {
    const { method = "", url: target = "/", headers } = request;
    const rawBody = await readBody(request);
    const operation = standIn.operationOf({ method, target });
    if (onStage(operation, "arrived")) return;
    const reply = standIn.respond({ method, target, headers, rawBody });
    if (!onStage(operation, "carried out")) answer(reply, response);
  });
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

function answer(reply: Reply, response: ServerResponse): void {
  if (reply.kind === "drop") response.destroy();
  if (reply.kind !== "answer") return;
  if (reply.delayMs === undefined) send(response, reply);
  else setTimeout(() => send(response, reply), reply.delayMs).unref();
}

function send(response: ServerResponse, reply: Extract<Reply, { kind: "answer" }>): void {
  if (response.destroyed) return;
  response.writeHead(reply.status, reply.headers);
  if (reply.cutAfter === undefined) response.end(reply.body);
  else
    response.write(reply.body.subarray(0, reply.cutAfter), () =>
      setImmediate(() => response.destroy()),
    );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
