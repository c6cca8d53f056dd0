import type { Format } from "../../runtime/values/values.ts";
import { RequestError } from "../replies/requestError.ts";

/** Clients up to these versions expect the lossless encoding when they name no format. */
const encodedByDefault: Readonly<Record<string, Version>> = {
  npm: [1, 4, 1],
  "npm-cli": [1, 4, 1],
  actions: [1, 4, 1],
  python: [0, 5, 0],
};

/** The first version of Convex's client that speaks the protocol of today. */
const oldestNpm: Version = [0, 19, 2];

type Version = readonly [major: number, minor: number, patch: number];

/**
 * Reads a `Convex-Client: <client>-<version>` header and tells which format answers have when the request names none.
 * @throws RequestError for a header without a dash and for clients that are too old
 */
export function defaultFormat(header: string | readonly string[] | undefined): Format {
  if (header === undefined) return "json";
  const { client, version } = parseClient(String(header));
  if (client === "npm" && (version === undefined || isBefore(version, oldestNpm)))
    throw unsupported(String(header));
  const limit = Object.hasOwn(encodedByDefault, client) ? encodedByDefault[client] : undefined;
  if (limit === undefined || version === undefined) return "json";
  return isBefore(version, limit) ? "convex_encoded_json" : "json";
}

function parseClient(header: string): { client: string; version: Version | undefined } {
  const match = /^(.*?)-(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/.exec(header);
  if (match !== null)
    return {
      client: match[1] ?? "",
      version: [Number(match[2]), Number(match[3]), Number(match[4])],
    };
  const dash = header.lastIndexOf("-");
  if (dash === -1)
    throw new RequestError(
      400,
      "InvalidClientVersion",
      "The Convex-Client header must have the form `<client>-<version>`",
    );
  return { client: header.slice(0, dash), version: undefined };
}

function isBefore(version: Version, limit: Version): boolean {
  const at = version.findIndex((part, index) => part !== limit[index]);
  return at !== -1 && (version[at] ?? 0) < (limit[at] ?? 0);
}

function unsupported(header: string): RequestError {
  const shown = header.replace(/[^\x20-\x7e]/g, "?").slice(0, 64);
  const message = `The Convex client ${shown} is not supported. Update the convex package to ${oldestNpm.join(".")} or newer.`;
  return new RequestError(400, "ClientVersionUnsupported", message, {
    "x-convex-deprecation-state": "Deprecated",
    "x-convex-deprecation-message": message,
  });
}
