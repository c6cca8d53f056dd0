import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { takeTime } from "../support/patience.ts";

takeTime();

const root = path.resolve(import.meta.dirname, "../..");

/** Runs the tests of `test/fixtures/evidence`, most of which fail. */
async function runFixture() {
  const scratch = await scratchFolder("connvo-evidence-");
  const evidence = path.join(scratch, "evidence");
  const folders = path.join(scratch, "folders.txt");
  const args = ["run", "--config", "test/fixtures/evidence/vitest.config.ts"];
  const child = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", ...args], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      CONNVO_TEST_EVIDENCE: evidence,
      FIXTURE_FOLDERS: folders,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
  await once(child, "close");
  const kept = (await readdir(evidence)).sort();
  const made = (await readFile(folders, "utf8")).trimEnd().split("\n");
  return { output, evidence, kept, made };
}

it("every failure keeps what its test and its file had made, and nothing else is left", async () => {
  const { output, evidence, kept, made } = await runFixture();
  expect(kept.map((name) => name.replace(/^.*Z-/, ""))).toEqual([
    "failing-fails-in-its-body-which-cleans-up",
    "failing-fails-in-its-clean-up",
    "failing-failing-fixture-ts",
  ]);
  const notes = await Promise.all(
    kept.map(async (name) => {
      const folder = path.join(evidence, name);
      const files = (await readdir(folder, { recursive: true })).sort();
      const found = files.filter((file) => path.basename(file) === "note.txt");
      return Promise.all(found.map((file) => readFile(path.join(folder, file), "utf8")));
    }),
  );
  expect(notes.map((of) => of.sort())).toEqual([
    ["of the file", "of the test that fails"],
    ["of the file", "of the test whose clean-up fails"],
    ["of the file"],
  ]);
  for (const name of kept)
    expect(output).toContain(`evidence: `.concat(path.relative(root, path.join(evidence, name))));
  const summary = await readFile(path.join(evidence, kept[0] ?? "", "summary.txt"), "utf8");
  expect(summary).toContain("expected 1 to be 2");
  expect(summary).toMatch(/machine: .* s on \d+ cores, \d+ % busy/);
  // A source that fails holds up no other.
  const files = await readdir(path.join(evidence, kept[0] ?? ""), { recursive: true });
  expect(files.filter((file) => path.basename(file) === "not-collected.txt")).toHaveLength(1);
  expect(made).toHaveLength(4);
  for (const folder of made) await expect(access(folder)).rejects.toThrow("ENOENT");
});
