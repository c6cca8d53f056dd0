import { type DestinationStream, pino, stdTimeFunctions } from "pino";
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
  "adminKey",
  "*.adminKey",
  "databaseUrl",
  "*.databaseUrl",
  "streamApiSecret",
  "*.streamApiSecret",
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
  return destination ? pino(options, destination) : pino(options);
}
