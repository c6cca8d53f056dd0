import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { findOperation } from "../../src/synth/getstream/operations.ts";
import type { Reply } from "../../src/synth/getstream/standIn.ts";
import type { Node } from "./node.ts";
import { placeNow, type World } from "./world.ts";

type Answer = Extract<Reply, { kind: "answer" }>;
export const never = (): Promise<never> => new Promise(() => undefined);

/** Stream's cloud, reached by the SDK as ever; delays are virtual, and who dies hears no answer. */
export const virtualFetch: typeof fetch = async (input, init = {}) => {
  const place = placeNow();
  if (!place?.node) throw new Error("nobody here may call Stream");
  const { node, world, recordingId } = place;
  const url = new URL(String(input instanceof Request ? input.url : input));
  const { method = "GET", body, signal } = init;
  const operation = findOperation(method, url.pathname)?.operation.name ?? "Request";
  if (world.passes(node, `http ${operation} before`)) return never();
  await underway(world, node);
  signal?.throwIfAborted();
  const sent = {
    ...{ method, target: url.pathname + url.search, rawBody: typeof body === "string" ? body : "" },
    headers: Object.fromEntries(new Headers(init.headers)),
  };
  const reply = note(world, operation, recordingId, url.pathname, () => world.stream.respond(sent));
  if (world.passes(node, `http ${operation} after`)) return never();
  world.tell(`${operation}: ${reply.kind === "answer" ? reply.status : reply.kind}`);
  await underway(world, node);
  const { status, headers, body: text } = await answerOf(world, node, reply, signal ?? undefined);
  return new Response(new Uint8Array(text), { status, headers });
};

/** Fetches a file. */
export async function sendFile(
  { world, node }: { world: World; node: Node },
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  await underway(world, node);
  const cut = world.turn("cut", world.schedule.stream.cutFileAfter);
  world.stream.sending.cutAfter = cut === 0 ? Number.POSITIVE_INFINITY : cut;
  const reply = world.stream.respond({ method: "GET", target: url.pathname, headers, rawBody: "" });
  const silence = AbortSignal.timeout(30_000);
  const either = signal ? AbortSignal.any([signal, silence]) : silence;
  const answer = await answerOf(world, node, reply, either);
  const { body, cutAfter = body.length } = answer;
  return message(answer, bytesOf(world, node, body.subarray(0, cutAfter), cutAfter < body.length));
}

async function* bytesOf(world: World, node: Node, bytes: Buffer, breaks: boolean) {
  const half = Math.ceil(bytes.length / 2);
  yield bytes.subarray(0, half);
  // Thrown, not left open: the file that is written to is closed, as a dying process does.
  if (world.passes(node, "file half after")) throw new Error("the server was killed");
  await world.time.sleep(world.turn("latency", world.schedule.stream.latencyMs));
  if (node.isDead) throw new Error("the server was killed");
  yield bytes.subarray(half);
  if (breaks) throw new Error("the connection broke");
}

/** An answer as `node:http` gives it. */
export function message(
  { status, headers }: Pick<Answer, "status" | "headers">,
  body: AsyncIterable<Buffer> | Iterable<Buffer> = [],
): IncomingMessage {
  const stream = Readable.from(body, { objectMode: false });
  return Object.assign(stream, { statusCode: status, headers }) as unknown as IncomingMessage;
}

async function underway(world: World, node: Node): Promise<void> {
  await world.time.sleep(world.turn("latency", world.schedule.stream.latencyMs));
  if (node.isDead) await never();
}

async function answerOf(
  world: World,
  node: Node,
  reply: Reply,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  if (reply.kind === "drop")
    throw new TypeError("fetch failed", { cause: new Error("other side closed") });
  if (reply.kind === "hang") await untilAborted(signal);
  else if (reply.delayMs !== undefined) await world.time.sleep(reply.delayMs, signal);
  if (node.isDead) await never();
  signal?.throwIfAborted();
  return reply as Answer;
}

async function untilAborted(signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return never();
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

/** Keeps what was started for whom, and whether somebody looked first. */
function note(
  world: World,
  operation: string,
  recordingId: string | undefined,
  path: string,
  respond: () => Reply,
): Reply {
  const [, , , , , , callId = ""] = path.split("/");
  if (operation !== "StartRecording") {
    const reply = respond();
    const seen = reply.kind === "answer" && reply.status < 300;
    if (seen && operation === "GetCall") world.lookedAt.add(callId);
    if (seen && operation === "QueryCalls") world.lookedAt.add("*");
    return reply;
  }
  const accepted = () => world.stream.calls.find(`default:${callId}`)?.startsAccepted ?? 0;
  const before = accepted();
  const reply = respond();
  const call = world.stream.calls.find(`default:${callId}`);
  const egressId = accepted() > before ? call?.capture?.egressId : undefined;
  const looked = world.lookedAt.has(callId) || world.lookedAt.has("*");
  world.starts.push({ recordingId, callId, egressId, looked });
  world.lookedAt.delete(callId);
  world.lookedAt.delete("*");
  return reply;
}
