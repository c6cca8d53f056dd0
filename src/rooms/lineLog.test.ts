import { expect, test } from "vitest";
import { lineLog } from "./lineLog.ts";

let now = 0;
const lines: Record<string, unknown>[] = [];
const log = lineLog(
  (line) => lines.push(JSON.parse(line)),
  () => now,
  () => now,
);

test("writes a flood of lines in part, says how many it left out, and never an error less for it", () => {
  for (let index = 0; index < 10_000; index++) log.child({ index }).info({}, "came");
  expect(lines).toHaveLength(2000);
  log.error({ err: new Error("broken") }, "failed");
  expect(lines.at(-1)).toMatchObject({ level: "error", err: { message: "broken" } });
  now += 1000;
  log.info({}, "later");
  expect(lines.slice(-2)).toMatchObject([
    { level: "warn", msg: "lines left out", of: "info", count: 8000 },
    { level: "info", msg: "later" },
  ]);
});
