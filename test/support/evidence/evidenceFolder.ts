import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunnerTask } from "vitest";
import type { EvidenceSource } from "./scope.ts";

/** All evidence lies here; ignored by git. */
const evidenceRoot =
  process.env["CONNVO_TEST_EVIDENCE"] ??
  path.resolve(import.meta.dirname, "../../../test-evidence");

/** The oldest failures make room for new ones. */
const keptFailures = 40;
/** For one source, ms. */
const collectMs = 60_000;

interface Circumstances {
  /** Lines about the machine. */
  load: readonly string[];
  errors: readonly { message?: string; stack?: string; expected?: unknown; actual?: unknown }[];
}

/** What is kept of one failure. */
export class EvidenceFolder {
  readonly folder: string;
  /** What a person has to see first; complete after `describe`. */
  summary = "";
  readonly #task: RunnerTask;

  private constructor(folder: string, task: RunnerTask) {
    this.folder = folder;
    this.#task = task;
  }

  /** Makes a folder named by time, file and test. */
  static async make(task: RunnerTask): Promise<EvidenceFolder> {
    await mkdir(evidenceRoot, { recursive: true });
    await makeRoom();
    const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
    const file = path.basename(task.file.name).replace(/\.\w+\.tsx?$/, "");
    const name = `${stamp}-${file}-${slug(task.name)}`;
    const folder = path.join(evidenceRoot, name);
    await mkdir(folder, { recursive: true });
    return new EvidenceFolder(folder, task);
  }

  /** Collects every source; one that cannot be collected says so and holds up no other. */
  async collect(sources: readonly EvidenceSource[]): Promise<void> {
    for (const [index, source] of sources.entries()) {
      const into = path.join(this.folder, `${index + 1}-${slug(source.name)}`);
      await mkdir(into, { recursive: true });
      await Promise.race([source.collect(into), tooLong()]).catch((error: unknown) => {
        return writeFile(path.join(into, "not-collected.txt"), String(error));
      });
    }
  }

  /** Writes `summary.txt`: the failure, the machine, and what the recordings among the evidence say. */
  async describe({ load, errors }: Circumstances): Promise<void> {
    // Decoders are large, and most files never fail.
    const { describeRecordings } = await import("./recordings.ts");
    const recordings = await describeRecordings(this.folder).catch((error: unknown) => [
      `the recordings cannot be described: ${String(error)}`,
    ]);
    const where = `evidence: ${path.relative(process.cwd(), this.folder)}`;
    this.summary = [where, ...load.map((line) => `machine: ${line}`), ...recordings].join("\n");
    const text = [
      `${this.#task.file.name}`,
      fullName(this.#task),
      `Node ${process.version}, ${new Date().toISOString()}`,
      "",
      ...errors.map(({ message, stack }) => stack ?? message ?? "an error without a message"),
      "",
      this.summary,
      "",
    ];
    await writeFile(path.join(this.folder, "summary.txt"), text.join("\n"));
  }
}

/** A process that stands still must not keep the others from being looked at. */
async function tooLong(): Promise<never> {
  await sleep(collectMs, undefined, { ref: false });
  throw new Error(`not collected within ${collectMs} ms`);
}

async function makeRoom(): Promise<void> {
  const names = (await readdir(evidenceRoot)).sort();
  for (const name of names.slice(0, Math.max(0, names.length - keptFailures + 1)))
    await rm(path.join(evidenceRoot, name), { recursive: true, force: true });
}

function fullName(task: RunnerTask): string {
  const suite = task.suite ? `${fullName(task.suite)} > ` : "";
  return `${suite}${task.name}`;
}

const slug = (text: string) =>
  text
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 60);
