// `npm test`: builds what the child processes need, then runs every tier. A tier that needs Chromium, Firefox, ffmpeg or Ceph says so when
// they are missing; with CI=true that is a failure.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { build, root } from "./build.mjs";

const found = (names) =>
  names.find((name) =>
    (process.env.PATH ?? "").split(path.delimiter).some((dir) => existsSync(path.join(dir, name))),
  );

const missing = [
  ["the browser tests", found(["chromium", "chromium-browser", "google-chrome"])],
  ["the tests in Firefox", found(["firefox-esr", "firefox"])],
  ["the comparison with ffmpeg", found(["ffmpeg"])],
  ["the tests of files in S3", found(["radosgw"]) && found(["ceph-mon"]) && found(["ceph-osd"])],
].filter(([, program]) => program === undefined);

for (const [tier] of missing) console.error(`NOT RUN: ${tier}; the program is not installed`);
if (missing.length > 0 && process.env.CI === "true") process.exit(1);

await build();
const vitest = path.join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exit(status ?? 1);
