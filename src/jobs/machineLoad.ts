import { cpus } from "node:os";

interface Times {
  others: number;
  all: number;
}

/**
 * As `normalLoad`, for work of low priority, which gives way to it. Where the system does not tell the two apart, everything is
 * taken for ours: 0.
 */
export function machineLoad(read: typeof cpus = cpus): () => number {
  const load = normalLoad(read);
  return () => (process.platform === "linux" ? load() : 0);
}

/**
 * Share of the cores that work of normal priority has taken since the last call, 0..1; composing runs at low priority
 * and does not count.
 */
export function normalLoad(read: typeof cpus = cpus): () => number {
  let before = timesOf(read());
  return () => {
    const now = timesOf(read());
    const all = now.all - before.all;
    const share = all > 0 ? (now.others - before.others) / all : 0;
    before = now;
    return share;
  };
}

function timesOf(cores: ReturnType<typeof cpus>): Times {
  const sum = { others: 0, all: 0 };
  for (const { times } of cores) {
    const { user, sys, irq, nice, idle } = times;
    sum.others += user + sys + irq;
    sum.all += user + sys + irq + nice + idle;
  }
  return sum;
}
