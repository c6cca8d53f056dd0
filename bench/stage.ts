import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Lifetime } from "../src/core/lifetime.ts";
import { silentLog } from "../src/core/log.ts";

export interface StageOptions {
  /** Fewer and shorter rounds. */
  quick: boolean;
  /** Told what is going on. */
  say: (text: string) => void;
}

/** What one benchmark works with; whatever it opens is closed with the stage, the latest first. */
export class Stage {
  readonly quick: boolean;
  readonly say: (text: string) => void;
  readonly #lifetime = new Lifetime({
    ...silentLog,
    error: (fields, message) => this.say(`${message}: ${JSON.stringify(fields)}`),
  });

  constructor({ quick, say }: StageOptions) {
    this.quick = quick;
    this.say = say;
  }

  /** One of two amounts. */
  pick<T>(full: T, quick: T): T {
    return this.quick ? quick : full;
  }

  /** To be closed when the benchmark is over. */
  own(name: string, close: () => Promise<unknown>): void {
    this.#lifetime.add(name, close);
  }

  /** A folder of its own, removed in the end; PostgreSQL's account may pass through it. */
  async folder(): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "connvo-bench-"));
    this.own(folder, () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    return folder;
  }

  close(): Promise<void> {
    return this.#lifetime.close();
  }
}
