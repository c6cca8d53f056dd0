import { TokenBucket } from "../core/limits/tokenBucket.ts";
import type { Log } from "../core/log.ts";

/** Lines of a level at once and in a second: whoever comes and goes again and again must not fill the disk with them. */
const most = { atOnce: 2000, perSecond: 10 } as const;

/** Writes one JSON object a line; errors with their stack, other values as they are. Of too many lines it writes how many were left out. */
export function lineLog(
  write: (line: string) => void,
  now: () => number,
  monotonic: () => number = () => performance.now(),
): Log {
  return logOf(limited(write, now, monotonic), now, {});
}

type Write = (level: string, entry: object) => void;

function limited(write: (line: string) => void, now: () => number, monotonic: () => number): Write {
  const levels = new Map<string, { left: TokenBucket; leftOut: number }>();
  const line = (entry: object) =>
    write(`${JSON.stringify(entry, (_, value: unknown) => readable(value))}\n`);
  return (level, entry) => {
    const state = levels.get(level) ?? {
      ...{ left: new TokenBucket(most.perSecond, most.atOnce), leftOut: 0 },
    };
    levels.set(level, state);
    if (!state.left.take(1, monotonic())) {
      state.leftOut++;
      return;
    }
    if (state.leftOut > 0)
      line({ level: "warn", time: now(), count: state.leftOut, of: level, msg: "lines left out" });
    state.leftOut = 0;
    line(entry);
  };
}

function logOf(write: Write, now: () => number, bound: object): Log {
  const at = (level: string) => (fields: object, message: string) =>
    write(level, { level, time: now(), ...bound, ...fields, msg: message });
  return {
    debug: () => undefined,
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logOf(write, now, { ...bound, ...fields }),
  };
}

function readable(value: unknown): unknown {
  return value instanceof Error
    ? { type: value.name, message: value.message, stack: value.stack }
    : value;
}
