import { z } from "zod";

/**
 * Convex's sync protocol, as its clients speak it (npm `convex` 1.13 to 1.48, `browser/sync/protocol.ts`): one JSON object a
 * text frame. What a client sends beyond these fields is ignored.
 */
const id = z.int().nonnegative();
const path = z.string().max(1024);
const args = z.array(z.unknown()).max(8);
/** A cursor of ours. */
const journal = z.string().max(256).nullish();
/** Components are a feature of Convex's own backend. */
const componentPath = z.string().nullish();
const call = { requestId: id, udfPath: path, args, componentPath };

const change = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("Add"),
    queryId: id,
    udfPath: path,
    args,
    journal,
    componentPath,
  }),
  z.object({ type: z.literal("Remove"), queryId: id }),
]);

const clientMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("Connect"),
    sessionId: z.string().min(1).max(64),
    clientTs: z.number().optional(),
  }),
  z.object({
    type: z.literal("ModifyQuerySet"),
    baseVersion: id,
    newVersion: id,
    modifications: z.array(change),
  }),
  z.object({ type: z.literal("Mutation"), ...call }),
  z.object({ type: z.literal("Action"), ...call }),
  z.object({
    type: z.literal("Authenticate"),
    baseVersion: id,
    tokenType: z.enum(["User", "Admin", "None"]),
    value: z.string().optional(),
    impersonating: z.unknown().optional(),
    acting_as: z.unknown().optional(),
  }),
  z.object({ type: z.literal("Event") }),
]);

export type ClientMessage = z.infer<typeof clientMessage>;
export type ClientMessageOf<T extends ClientMessage["type"]> = Extract<ClientMessage, { type: T }>;
export type QueryChange = z.infer<typeof change>;

/** What a client and its server agree on; each end of a `Transition` is one. */
export interface StateVersion {
  readonly querySet: number;
  readonly identity: number;
  readonly ts: bigint;
}

export const firstVersion: StateVersion = { querySet: 0, identity: 0, ts: 0n };

/** @returns the message, or why it is none. */
export function parseClientMessage(text: string): ClientMessage | { readonly problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { problem: `Received Invalid JSON on websocket: ${(error as Error).message}` };
  }
  const parsed = clientMessage.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place =
    issue === undefined ? "" : ` at ${issue.path.join(".") || "its top"}: ${issue.message}`;
  return { problem: `Received an invalid message on websocket${place}` };
}

/** A timestamp as it travels: base64 of eight bytes, the lowest first. */
export function encodeTs(ts: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(ts);
  return bytes.toString("base64");
}

/** @returns undefined for what is no timestamp. */
export function decodeTs(text: string): bigint | undefined {
  if (!/^[A-Za-z0-9+/]{11}=$/.test(text)) return undefined;
  return Buffer.from(text, "base64").readBigUInt64LE();
}

function versionText({ querySet, identity, ts }: StateVersion): string {
  return `{"querySet":${querySet},"identity":${identity},"ts":"${encodeTs(ts)}"}`;
}

/** How one query ended, as it stands in a Transition behind type and id; already JSON. */
export interface QueryReport {
  readonly type: "QueryUpdated" | "QueryFailed";
  /** `"value":…` or `"errorMessage":…`, with what else belongs to it. */
  readonly members: string;
}

const rest = (end: string | undefined) => `"logLines":[],"journal":${JSON.stringify(end ?? null)}`;

/** @param end of a page (pages.ts) */
export function updated(valueJson: string, end?: string): QueryReport {
  return { type: "QueryUpdated", members: `"value":${valueJson},${rest(end)}` };
}

interface QueryFailure {
  message: string;
  /** Of an application's error only: any value makes it a ConvexError for the client. */
  data?: object | undefined;
  /** Of a page (pages.ts). */
  end?: string | undefined;
}

export function failed({ message, data, end }: QueryFailure): QueryReport {
  const error = data === undefined ? "" : `,"errorData":${JSON.stringify(data)}`;
  return {
    type: "QueryFailed",
    members: `"errorMessage":${JSON.stringify(message)}${error},${rest(end)}`,
  };
}

export const modification = (queryId: number, { type, members }: QueryReport): string =>
  `{"type":"${type}","queryId":${queryId},${members}}`;

export const removal = (queryId: number): string => `{"type":"QueryRemoved","queryId":${queryId}}`;

/** @param skewMs how far the client's clock is ahead of ours */
export function transition(
  start: StateVersion,
  end: StateVersion,
  modifications: readonly string[],
  skewMs?: number,
): string {
  const skew = skewMs === undefined ? "" : `,"clientClockSkew":${skewMs}`;
  return `{"type":"Transition","startVersion":${versionText(start)},"endVersion":${versionText(end)},"modifications":[${modifications.join(",")}]${skew}}`;
}

export function mutationDone(requestId: number, resultJson: string, ts: bigint): string {
  return `{"type":"MutationResponse","requestId":${requestId},"success":true,"result":${resultJson},"ts":"${encodeTs(ts)}","logLines":[]}`;
}

export function actionDone(requestId: number, resultJson: string): string {
  return `{"type":"ActionResponse","requestId":${requestId},"success":true,"result":${resultJson},"logLines":[]}`;
}

/** @param data of an application's error only: any value makes it a ConvexError for the client */
export function callFailed(
  type: "MutationResponse" | "ActionResponse",
  requestId: number,
  message: string,
  data?: object,
): string {
  const error = data === undefined ? {} : { errorData: data };
  const ts = type === "MutationResponse" ? { ts: null } : {};
  return JSON.stringify({
    type,
    requestId,
    success: false,
    result: message,
    ...ts,
    ...error,
    logLines: [],
  });
}

/** Tells a client that it is not who it said; the socket is closed after it. */
export function authError(error: string, identityVersion: number, attempted: boolean): string {
  return JSON.stringify({
    type: "AuthError",
    error,
    baseVersion: identityVersion,
    authUpdateAttempted: attempted,
  });
}

/** Ends a client for good: for what no client of this protocol would send. */
export const fatalError = (error: string): string => JSON.stringify({ type: "FatalError", error });

export const ping = `{"type":"Ping"}`;
