import { expect, test } from "vitest";
import { AppError, type ErrorCode, type ErrorMetadata } from "../core/errors.ts";
import { isProviderFault, isTransient, mayHaveHappened, retryAfterMs } from "./faults.ts";

const error = (code: ErrorCode, metadata?: ErrorMetadata) => new AppError(code, "x", metadata);

const cases: [string, unknown, { transient: boolean; fault: boolean; happened: boolean }][] = [
  [
    "a time-out",
    error("EXTERNAL_SERVICE_TIMEOUT"),
    { transient: true, fault: true, happened: true },
  ],
  ["a broken connection", error("STREAM_ERROR"), { transient: true, fault: true, happened: true }],
  [
    "a 503",
    error("STREAM_ERROR", { providerStatus: 503 }),
    { transient: true, fault: true, happened: true },
  ],
  [
    "a 408",
    error("STREAM_ERROR", { providerStatus: 408 }),
    { transient: true, fault: true, happened: true },
  ],
  [
    "a failure before anything was sent",
    error("STREAM_ERROR", { providerStatus: 503, outcome: "none" }),
    { transient: true, fault: true, happened: false },
  ],
  [
    "a rate limit",
    error("STREAM_ERROR", { providerStatus: 429, outcome: "none" }),
    { transient: true, fault: false, happened: false },
  ],
  [
    "a refusal",
    error("STREAM_ERROR", { providerStatus: 400 }),
    { transient: false, fault: false, happened: false },
  ],
  [
    "nobody in the call",
    error("MEETING_NOT_ACTIVE"),
    { transient: false, fault: false, happened: false },
  ],
  [
    "a wrong argument",
    error("VALIDATION_ERROR"),
    { transient: false, fault: false, happened: false },
  ],
  ["our own breakage", new TypeError("x"), { transient: false, fault: false, happened: true }],
];

test.each(cases)("%s is classified", (_, thrown, expected) => {
  expect({
    transient: isTransient(thrown),
    fault: isProviderFault(thrown),
    happened: mayHaveHappened(thrown),
  }).toEqual(expected);
});

test("a retry hint is read only when it is a sensible number", () => {
  const hint = (value: number | string) =>
    retryAfterMs(error("STREAM_ERROR", { retryAfterMs: value }));
  expect([hint(250), hint(-5), hint(Number.NaN), hint("250"), retryAfterMs(undefined)]).toEqual([
    250, 0, 0, 0, 0,
  ]);
});
