import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { addEvidence } from "./scope.ts";

/** Collects what a program writes, and has it kept with a failure. @returns all of it so far */
export function keepOutput(name: string, { stdout, stderr }: ChildProcess): () => string {
  let text = "";
  for (const stream of [stdout, stderr])
    stream?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  addEvidence({ name, collect: (folder) => writeFile(path.join(folder, "output.txt"), text) });
  return () => text;
}
