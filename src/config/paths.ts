import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder: the nearest one above this file with a package.json, in the sources and in dist/ alike. */
export function projectRoot(): string {
  let dir = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(dir, "package.json"))) {
    const parent = path.dirname(dir);
    if (parent === dir) throw new Error("package.json not found above the program");
    dir = parent;
  }
  return dir;
}

/** A program of ours that runs as a process of its own; `scripts/build.mjs` makes it. */
export function processEntry(
  name: "roomProcess" | "composeProcess" | "speechProcess" | "vectorProcess",
): string {
  return path.join(projectRoot(), "dist", `${name}.js`);
}

/** The built pages; `scripts/build.mjs` makes them. */
export function webFolder(): string {
  return path.join(projectRoot(), "dist", "web");
}

/** Where programs of the system are looked for: all that a child process needs of our environment. */
export function searchPath(): string {
  return process.env["PATH"] ?? "";
}
