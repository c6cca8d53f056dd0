import { type DestinationStream, pino, stdTimeFunctions } from "pino";
import { secretOptions } from "../config/config.ts";
import type { Log } from "../core/log.ts";

/** Paths that may hold credentials wherever a request, a header or a config is logged. */
const secretPaths = [
  "authorization",
  "*.authorization",
  "headers.authorization",
  "req.headers.authorization",
  "token",
  "*.token",
  "secret",
  "*.secret",
  "password",
  "*.password",
  ...secretOptions.flatMap((name) => [name, `*.${name}`]),
];

/** JSON lines on `destination` (standard output by default). Errors go under `err`. */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths, censor: "[redacted]" },
  };
  return pino(options, destination ?? standardOutput());
}

/** Standard output for as long as it is there: a terminal that was closed, or a pipe nobody reads, must not end the server. */
function standardOutput(): DestinationStream {
  const stream = pino.destination(1);
  stream.on("error", () => {
    stream.write = () => true;
  });
  return stream;
}
