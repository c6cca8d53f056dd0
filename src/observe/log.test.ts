import { expect, it } from "vitest";
import { secretOptions } from "../config/config.ts";
import { createLog } from "./log.ts";

function capture(level: string) {
  const lines: string[] = [];
  return { log: createLog(level, { write: (line) => lines.push(line) }), lines };
}

it("writes one JSON object a line, with level name and time", () => {
  const { log, lines } = capture("info");
  log.info({ recordingId: "recording_1" }, "started");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "info",
    msg: "started",
    recordingId: "recording_1",
    time: expect.stringMatching(/^\d{4}-/),
  });
});

it("is quiet below its level", () => {
  const { log, lines } = capture("warn");
  log.info({}, "no");
  expect(lines).toEqual([]);
});

it.each([
  { authorization: "Bearer s3cret" },
  { headers: { authorization: "Bearer s3cret" } },
  { req: { headers: { authorization: "Bearer s3cret" } } },
  { grant: { token: "s3cret" } },
  { config: Object.fromEntries(secretOptions.map((name) => [name, "s3cret"])) },
  { databaseDirectUrl: "s3cret", s3SecretKey: "s3cret", turnSecret: "s3cret" },
])("never writes a credential: %j", (fields) => {
  const { log, lines } = capture("info");
  log.child({ fn: "x" }).info(fields, "request");
  expect(lines.join("")).not.toContain("s3cret");
});
