import type { Log } from "../../core/log.ts";

/** Writes one JSON object a line; errors with their stack, other values as they are. */
export function lineLog(write: (line: string) => void, now: () => number, bound: object = {}): Log {
  const at = (level: string) => (fields: object, message: string) => {
    const entry = { level, time: now(), ...bound, ...fields, msg: message };
    write(`${JSON.stringify(entry, (_, value: unknown) => readable(value))}\n`);
  };
  return {
    debug: () => undefined,
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => lineLog(write, now, { ...bound, ...fields }),
  };
}

function readable(value: unknown): unknown {
  return value instanceof Error
    ? { type: value.name, message: value.message, stack: value.stack }
    : value;
}
