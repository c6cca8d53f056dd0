import { defineConfig } from "vitest/config";
import { alone, FileOrder, live } from "./test/support/fileOrder.ts";

/** Keeps what a failure left: docs/testing.md. */
const runner = "test/support/evidence/evidenceRunner.ts";

// Files share processes, and what those load and start once: a browser, encoded media.
// Suites start PostgreSQL, room processes and encoders of their own, and wait for them most of the time.
const besideEachOther = { isolate: false, maxWorkers: 3, sequence: { groupOrder: 0 } };
// Afterwards, and fewer: what they measure shall not compete for the cores.
const afterwards = { isolate: false, maxWorkers: 2, sequence: { groupOrder: 1 } };
const oneByOne = { isolate: false, maxWorkers: 1, sequence: { groupOrder: 2 } };

const acceptance = {
  globalSetup: ["test/acceptance/support/globalSetup.ts"],
  setupFiles: ["test/acceptance/support/documentedFetch.ts"],
  runner,
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

const screenshots = "test/screenshots/screenshots.ts";

export default defineConfig({
  test: {
    sequence: { sequencer: FileOrder },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts"],
          testTimeout: 30_000,
          ...besideEachOther,
        },
      },
      {
        test: {
          name: "web",
          include: ["web/src/**/*.test.{ts,tsx}"],
          environment: "jsdom",
          setupFiles: ["web/src/testing/setup.ts"],
          testTimeout: 30_000,
          ...besideEachOther,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/{integration,campaign}/**/*.test.ts"],
          exclude: [...live, ...alone],
          globalSetup: ["test/integration/support/globalSetup.ts"],
          runner,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          ...besideEachOther,
        },
      },
      {
        test: {
          name: "media",
          include: ["test/{media,fuzz}/**/*.test.ts"],
          runner,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...besideEachOther,
        },
      },
      {
        test: {
          name: "acceptance",
          include: ["test/acceptance/**/*.test.ts"],
          exclude: [...live, ...alone],
          ...acceptance,
          ...besideEachOther,
        },
      },
      {
        test: {
          name: "s3",
          include: ["test/s3/**/*.test.ts"],
          ...acceptance,
          globalSetup: [
            "test/integration/support/globalSetup.ts",
            ...acceptance.globalSetup,
            "test/s3/support/globalSetup.ts",
          ],
          ...besideEachOther,
        },
      },
      { test: { name: "live", include: live, ...acceptance, ...afterwards } },
      { test: { name: "alone", include: alone, ...acceptance, ...oneByOne } },
      // Not tests: they write the pictures of the documentation.
      ...(process.env["CONNVO_WRITE_SCREENSHOTS"] === undefined
        ? []
        : [{ test: { name: "screenshots", include: [screenshots], ...acceptance, ...oneByOne } }]),
    ],
  },
});
