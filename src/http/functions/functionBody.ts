import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { errorCode } from "../../core/errorCode.ts";
import type { Format } from "../../runtime/values/values.ts";
import { decodeTs } from "../../sync/protocol.ts";
import { findExcess, type JsonLimits, jsonLimits } from "../limits/jsonScan.ts";
import { badJsonBody, RequestError } from "../replies/requestError.ts";

/** Functions that people who are not signed in may call take a few names: strangers may send this much, bytes. */
export const strangerBodyLimit = 32 * 1024;

/** A parsed JSON body and the length of its text, bytes. */
interface ParsedBody {
  readonly json: unknown;
  readonly bytes: number;
}

/** What a function request says, apart from the path and its headers. */
export interface FunctionBody {
  readonly args: unknown;
  readonly bytes: number;
  /** As sent; checked by `formatOf`. */
  readonly format: unknown;
  /** The function's path, where the body names it. */
  readonly path: unknown;
  /** The state of the database that a query is asked for. */
  readonly ts: unknown;
}

/** Queries that may be asked for at once. */
const mostQueries = 100;

const otherJsonTypes = /^application\/[\w.+-]*\+json(?:\s*;|$)/i;

/** Makes `scope` take JSON bodies as the function API defines them, and nothing else; `bodyLimit` is the longest of all routes. */
export function acceptJsonOnly(scope: FastifyInstance, bodyLimit: number): void {
  scope.removeAllContentTypeParsers();
  for (const type of ["application/json", otherJsonTypes])
    scope.addContentTypeParser<Buffer>(
      type,
      { parseAs: "buffer", bodyLimit },
      async (request: FastifyRequest, body: Buffer) =>
        parseJson(body, request.bodyAllowance?.limit ?? bodyLimit),
    );
}

function parseJson(body: Buffer, limit: number): ParsedBody {
  if (!isUtf8(body)) throw badJsonBody("Failed to parse the request body as JSON: invalid UTF-8");
  const limits = jsonLimits(limit);
  const excess = findExcess(body, limits);
  if (excess !== undefined)
    throw badJsonBody(`Failed to parse the request body as JSON: ${excesses[excess](limits)}`);
  try {
    return { json: JSON.parse(body.toString("utf8")), bytes: body.length };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "invalid JSON";
    throw badJsonBody(`Failed to parse the request body as JSON: ${reason}`);
  }
}

const excesses: Record<keyof JsonLimits, (limits: JsonLimits) => string> = {
  depth: ({ depth }) => `recursion limit exceeded (more than ${depth} levels)`,
  nodes: ({ nodes }) => `too many values (more than ${nodes})`,
};

/**
 * Reads the fields of a function request; unknown ones are ignored.
 * @throws RequestError when the body is not such a request
 */
export function readFunctionBody(body: unknown): FunctionBody {
  if (body === undefined || body === null)
    throw badJsonBody("Expected request with `Content-Type: application/json`");
  return functionBodyOf(body as ParsedBody);
}

function functionBodyOf({ json, bytes }: ParsedBody): FunctionBody {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw wrongShape("invalid type, expected a JSON object");
  if (!Object.hasOwn(json, "args")) throw wrongShape("missing field `args`");
  const { args, path, format, ts } = json as Partial<Record<string, unknown>>;
  return { args, path, format, bytes, ts };
}

/** Reads a list of queries. @throws RequestError as `readFunctionBody` */
export function readBatchBody(body: unknown): FunctionBody[] {
  if (body === undefined || body === null)
    throw badJsonBody("Expected request with `Content-Type: application/json`");
  const { json, bytes } = body as ParsedBody;
  const { queries } = (json ?? {}) as { queries?: unknown };
  if (!Array.isArray(queries)) throw wrongShape("missing field `queries`, a list");
  if (queries.length > mostQueries) throw wrongShape(`queries: at most ${mostQueries} at once`);
  return queries.map((query) => functionBodyOf({ json: query, bytes }));
}

/** The timestamp of the body. @throws RequestError without one */
export function timestampOf({ ts }: FunctionBody): bigint {
  if (ts === undefined) throw wrongShape("missing field `ts`");
  const read = typeof ts === "string" ? decodeTs(ts) : undefined;
  if (read === undefined) throw wrongShape("ts: expected a timestamp of `/api/query_ts`");
  return read;
}

/** The `path` of the body, mandatory where the address does not name the function. @throws RequestError without one */
export function pathOf({ path }: FunctionBody): string {
  if (path === undefined) throw wrongShape("missing field `path`");
  if (typeof path !== "string") throw wrongShape("path: invalid type, expected a string");
  return path;
}

const formats: Readonly<Record<string, Format>> = {
  json: "json",
  convex_clean_json: "json",
  convex_encoded_json: "convex_encoded_json",
  convex_json: "convex_encoded_json",
};

/** The format the body asks for, checked before anything runs; absent = `fallback`. @throws RequestError for an unknown one */
export function formatOf({ format }: FunctionBody, fallback: Format): Format {
  if (format === undefined || format === null) return fallback;
  if (typeof format !== "string") throw wrongShape("format: invalid type, expected a string");
  const known = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (known !== undefined) return known;
  throw new RequestError(
    400,
    "BadFormat",
    `format param must be one of [\`json\`]. Got ${format.slice(0, 64)}`,
  );
}

function wrongShape(reason: string): RequestError {
  return badJsonBody(`Failed to deserialize the JSON body into the target type: ${reason}`);
}

/** What the framework says of a body it would not read, in the words of the function API; else undefined. */
export function bodyError(error: unknown): RequestError | undefined {
  switch (errorCode(error)) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return badJsonBody("Expected request with `Content-Type: application/json`");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return badJsonBody(
        "Failed to buffer the request body: it does not have the announced length",
      );
    default:
      return undefined;
  }
}
