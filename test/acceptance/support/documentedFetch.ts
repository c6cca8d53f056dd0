import { functionModules } from "../../../src/generated/modules.ts";
import { buildRegistry } from "../../../src/runtime/registry.ts";
import { type Documented, documented } from "../../support/functions/documented.ts";

/** Files that share a process wrap it once. */
const wrapped = Symbol.for("connvo.documentedFetch");

/**
 * From here on `fetch` holds every call of a function, also one of the official client, and what it is answered against the API
 * document, as a proxy in front of the server would, and rejects where they differ.
 */
if (!(wrapped in globalThis.fetch))
  globalThis.fetch = Object.assign(documentedFetch(globalThis.fetch), { [wrapped]: true });

function documentedFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  const registry = buildRegistry(functionModules);
  const document = documented(registry);
  return async (input, init) => {
    const answer = await fetch(input, init);
    const url = input instanceof Request ? input.url : String(input);
    const call = callOf(url, init?.body);
    if (call && registry.has(call.name)) await check(document, call, answer.clone());
    return answer;
  };
}

/** Characters of arguments and answer in a failure. */
const shown = 2000;

interface Call {
  name: string;
  /** Undefined where the body is none a client would send. */
  args: unknown;
  /** By the published address, whose statuses are documented. */
  published: boolean;
}

/** The function a request calls: by its published address, or as the official clients do. */
function callOf(url: string, body: unknown): Call | undefined {
  const { pathname } = new URL(url, "http://none.test");
  const sent = typeof body === "string" ? parsed(body) : undefined;
  const [, address] = /^\/api\/run\/(.+)$/.exec(pathname) ?? [];
  if (address !== undefined) {
    const name = address.replace(/\/([^/]+)$/, ":$1");
    return { name, args: sent?.["args"], published: true };
  }
  if (!/^\/api\/(?:query|mutation|action)$/.test(pathname)) return undefined;
  const { path: name, args } = sent ?? {};
  if (typeof name !== "string") return undefined;
  return { name, args: Array.isArray(args) ? args[0] : args, published: false };
}

async function check(document: Documented, call: Call, answer: Response): Promise<void> {
  const { headers } = answer;
  // A proxy has refused it by itself.
  if (headers.has("server") && !headers.get("content-type")?.includes("json")) return;
  const text = await answer.text();
  const fault = faultOf(document, call, { status: answer.status, body: parsed(text) });
  if (fault === undefined) return;
  const args = JSON.stringify(call.args)?.slice(0, shown);
  const what = `${call.name}(${args}) → ${answer.status} ${text.slice(0, shown)}`;
  throw new Error(`not as documented: ${what}: ${fault}`);
}

function faultOf(
  document: Documented,
  { name, args, published }: Call,
  { status, body }: { status: number; body: Record<string, unknown> | undefined },
): string | undefined {
  if (published && !document.statusesOf(name).includes(String(status)))
    return "the function has no such status";
  if (status !== 200) return published ? document.failureFaultOf(body) : undefined;
  if (body?.["status"] === "success" && !document.allowsArguments(name, args))
    return "it does not take these arguments";
  return document.faultOf(name, body);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text, unwrapped) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Convex's clients are sent bytes in a wrapper, which the document, written for plain JSON, does not have. */
function unwrapped(_: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && "$bytes" in value ? value.$bytes : value;
}
