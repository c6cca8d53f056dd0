import { defineConfig } from "vitest/config";

// Two workers: the suites start PostgreSQL, room processes and encoders of their own. One in CI, where what is measured
// (when a picture was sent, how long a gap lasted) must not compete with another suite for two cores.
const maxWorkers = process.env["CI"] === "true" ? 1 : 2;

export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      {
        test: { name: "unit", include: ["src/**/*.test.ts"], testTimeout: 10_000 },
      },
      {
        test: {
          name: "web",
          include: ["web/src/**/*.test.{ts,tsx}"],
          environment: "jsdom",
          setupFiles: ["web/src/testing/setup.ts"],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/integration/support/globalSetup.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "media",
          include: ["test/media/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "acceptance",
          include: ["test/acceptance/**/*.test.ts"],
          globalSetup: ["test/acceptance/support/globalSetup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
