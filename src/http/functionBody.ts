import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Format } from "../runtime/values.ts";
import { badJsonBody, RequestError } from "./requestError.ts";

/** 16 MiB of arguments and what the request wraps around them. */
export const functionBodyLimit = 16 * 2 ** 20 + 2000;

/** Reading JSON of 16 MiB can take seconds in which nobody else is served: strangers may send this much, bytes. */
export const anonymousBodyLimit = 2 ** 20;

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
}

const otherJsonTypes = /^application\/[\w.+-]*\+json(?:\s*;|$)/i;

/** Makes `scope` take JSON bodies as the function API defines them, long ones of known callers only, and nothing else. */
export function acceptJsonOnly(scope: FastifyInstance, authenticator: Authenticator): void {
  scope.removeAllContentTypeParsers();
  for (const type of ["application/json", otherJsonTypes])
    scope.addContentTypeParser<Buffer>(
      type,
      { parseAs: "buffer", bodyLimit: functionBodyLimit },
      async (request: FastifyRequest, body: Buffer) => {
        if (body.length > anonymousBodyLimit) await refuseStranger(request, authenticator);
        return parseJson(body);
      },
    );
}

async function refuseStranger(request: FastifyRequest, authenticator: Authenticator) {
  const { kind } = await authenticator.authenticate(request.headers.authorization);
  if (kind === "anonymous")
    throw badJsonBody(
      "Failed to buffer the request body: length limit exceeded for a caller who is not signed in",
    );
}

function parseJson(body: Buffer): ParsedBody {
  if (!isUtf8(body)) throw badJsonBody("Failed to parse the request body as JSON: invalid UTF-8");
  try {
    return { json: JSON.parse(body.toString("utf8")), bytes: body.length };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "invalid JSON";
    throw badJsonBody(`Failed to parse the request body as JSON: ${reason}`);
  }
}

/**
 * Reads the fields of a function request; unknown ones are ignored.
 * @throws RequestError when the body is not such a request
 */
export function readFunctionBody(body: unknown): FunctionBody {
  if (body === undefined || body === null)
    throw badJsonBody("Expected request with `Content-Type: application/json`");
  const { json, bytes } = body as ParsedBody;
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw wrongShape("invalid type, expected a JSON object");
  if (!Object.hasOwn(json, "args")) throw wrongShape("missing field `args`");
  const { args, path, format } = json as Partial<Record<string, unknown>>;
  return { args, path, format, bytes };
}

/** The `path` of the body, mandatory where the address does not name the function. */
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

/** The format the body asks for, checked before anything runs; absent = `fallback`. */
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
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return badJsonBody("Expected request with `Content-Type: application/json`");
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return badJsonBody("Failed to buffer the request body: length limit exceeded");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return badJsonBody(
        "Failed to buffer the request body: it does not have the announced length",
      );
    default:
      return undefined;
  }
}
