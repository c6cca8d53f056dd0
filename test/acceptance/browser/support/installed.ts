import { accessSync, constants } from "node:fs";
import path from "node:path";
import { describe, it, vi } from "vitest";

/** For one test or hook, ms: browser, server and encoders share few cores, perhaps with others. */
const patienceMs = 600_000;

/** The first of these programs on the search path; undefined when there is none. */
export function findProgram(
  names: readonly string[],
  searchPath = process.env["PATH"] ?? "",
): string | undefined {
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== "");
  return names
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A suite that needs a browser. Where it is not `found` the suite is reported as not run, which in CI is a failure. */
export function inBrowser(
  browser: string,
  found: string | undefined,
  title: string,
  define: () => void,
): void {
  if (found !== undefined) {
    vi.setConfig({ testTimeout: patienceMs, hookTimeout: patienceMs });
    describe(title, define);
    return;
  }
  const notRun = `NOT RUN: ${title}; no ${browser} on the PATH`;
  process.stderr.write(`${notRun}\n`);
  it(notRun, () => {
    if (process.env["CI"] === "true") throw new Error(`CI must have a ${browser}`);
  });
}
