import { readFile } from "node:fs/promises";
import os from "node:os";
import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";

/** What the machine had to do while a test ran. */
export class MachineLoad {
  readonly #since = performance.now();
  readonly #cpus = totals();
  readonly #ownCpu = process.cpuUsage();
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });

  constructor() {
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  /** Lines for a person. */
  async describe(): Promise<string[]> {
    const seconds = (performance.now() - this.#since) / 1000;
    const { busy, all } = totals();
    const share = (busy - this.#cpus.busy) / Math.max(1, all - this.#cpus.all);
    const { user, system } = process.cpuUsage(this.#ownCpu);
    const pressure = await readFile("/proc/pressure/cpu", "utf8").catch(() => "");
    return [
      `${seconds.toFixed(1)} s on ${os.availableParallelism()} cores, ${(share * 100).toFixed(0)} % busy; load ${os
        .loadavg()
        .map((value) => value.toFixed(1))
        .join(" ")}`,
      `the tests' process used ${((user + system) / 1e6).toFixed(1)} s and stood still for ${(this.#delay.max / 1e6).toFixed(0)} ms at most`,
      `free memory ${(os.freemem() / 1e6).toFixed(0)} MB`,
      ...(pressure === "" ? [] : [`waiting for a core: ${pressure.split("\n")[0]}`]),
    ];
  }
}

function totals(): { busy: number; all: number } {
  let busy = 0;
  let all = 0;
  for (const { times } of os.cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle;
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}
