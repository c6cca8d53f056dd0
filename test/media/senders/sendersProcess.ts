import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { drawSession } from "./draw.ts";
import { lineOf, tryOut } from "./judging/trial.ts";
import { namedSessions } from "./named.ts";

/** One session to try: a seed, or a named one by its number. */
export interface Task {
  seed: number;
  named: boolean;
  /** Whether the composed file is looked at. */
  file: boolean;
  /** Where the capture of a session that fails is kept; undefined: it is not. */
  keepIn?: string;
}

export interface Outcome {
  name: string;
  findings: { kind: string; line: string }[];
}

// One session after another, as the parent asks for them; it ends with its parent.

async function carryOut({ seed, named, file, keepIn }: Task): Promise<Outcome> {
  const script = named ? namedSessions[seed - 1] : drawSession(seed);
  if (!script) throw new Error(`there are ${namedSessions.length} named sessions`);
  const folder = await mkdtemp(path.join(tmpdir(), "connvo-senders-"));
  try {
    const verdict = await tryOut(script, folder, { file });
    if (keepIn !== undefined && verdict.findings.length > 0)
      await cp(folder, keepIn, { recursive: true });
    const findings = verdict.findings.map((one) => ({
      kind: `${one.view}: ${one.kind}`,
      line: lineOf(verdict, one),
    }));
    return { name: script.name, findings };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.once("disconnect", () => process.exit(1));
process.on("message", (task: Task) => {
  carryOut(task).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) => {
      const line = `${task.seed} ${error instanceof Error ? error.stack : error}`;
      process.send?.({ name: "", findings: [{ kind: "the session itself", line }] });
    },
  );
});
