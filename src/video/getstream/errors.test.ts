import { describe, expect, test } from "vitest";
import { AppError } from "../../core/errors.ts";
import { answeredBy, isAnswer, rateLimited, toAppError } from "./errors.ts";

const request = { operation: "startRecording", changes: true, timeoutMs: 4_000, retryAfterMs: 250 };
const reading = { ...request, changes: false };

/** An error as the SDK throws it; its class is not exported. */
function sdkError(metadata: object, code?: unknown) {
  return Object.assign(new Error("Stream error code 4: secret detail"), {
    code,
    metadata: { clientRequestId: "id", ...metadata },
  });
}

const socketError = (code: string) =>
  sdkError(
    {},
    Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error(code), { code }),
    }),
  );

const outcomeNone = { outcome: "none" };
const op = { operation: "startRecording" };

describe("a failure of the SDK becomes", () => {
  test.each([
    [
      "400 refused",
      sdkError({ responseCode: 400 }, 4),
      "STREAM_ERROR",
      { ...op, providerStatus: 400, providerCode: 4, ...outcomeNone },
    ],
    [
      "401 bad credentials",
      sdkError({ responseCode: 401 }, 5),
      "STREAM_ERROR",
      { ...op, providerStatus: 401, providerCode: 5, ...outcomeNone },
    ],
    [
      "403 not allowed",
      sdkError({ responseCode: 403 }, 17),
      "STREAM_ERROR",
      { ...op, providerStatus: 403, providerCode: 17, ...outcomeNone },
    ],
    [
      "404 unknown",
      sdkError({ responseCode: 404 }, 16),
      "STREAM_ERROR",
      { ...op, providerStatus: 404, providerCode: 16, ...outcomeNone },
    ],
    [
      "408 too slow",
      sdkError({ responseCode: 408 }, 23),
      "STREAM_ERROR",
      { ...op, providerStatus: 408, providerCode: 23 },
    ],
    [
      "500 in JSON",
      sdkError({ responseCode: 500 }, -1),
      "STREAM_ERROR",
      { ...op, providerStatus: 500, providerCode: -1 },
    ],
    [
      "502 of the edge, whose code is only the status",
      sdkError({ responseCode: 502 }, 502),
      "STREAM_ERROR",
      { ...op, providerStatus: 502 },
    ],
    [
      "a time-out",
      sdkError({ responseCode: undefined }, undefined),
      "EXTERNAL_SERVICE_TIMEOUT",
      { ...op, service: "getstream", timeoutMs: 4_000 },
    ],
    ["a connection reset", socketError("ECONNRESET"), "STREAM_ERROR", op],
    [
      "a refused connection, nothing sent",
      socketError("ECONNREFUSED"),
      "STREAM_ERROR",
      { ...op, ...outcomeNone },
    ],
    ["broken JSON", sdkError({}, new SyntaxError("Unexpected end")), "STREAM_ERROR", op],
    ["something else altogether", new TypeError("no"), "STREAM_ERROR", op],
  ])("%s", (_, thrown, code, metadata) => {
    const error = toAppError(thrown, request);
    expect([error.code, error.metadata]).toEqual([code, metadata]);
    expect(error.cause).toBe(thrown);
  });
});

test("a rate limit carries when to come back, and says that nothing has changed", () => {
  const told = toAppError(sdkError({ responseCode: 429 }, 9), request);
  const metadata = { providerStatus: 429, retryAfterMs: 250, ...outcomeNone };
  expect(told.metadata).toMatchObject(metadata);
  expect(rateLimited("startRecording", 250)).toMatchObject({ code: told.code, metadata });
});

test.each([
  ["an answer", { calls: [], metadata: { clientRequestId: "id", responseCode: 200 } }, 200],
  ["a refusal", sdkError({ responseCode: 429 }, 9), 429],
  ["a time-out", sdkError({ responseCode: undefined }), undefined],
  ["something else", new TypeError("no"), undefined],
  ["nothing", undefined, undefined],
])("what is known of %s beside its body", (_, given, status) => {
  expect(answeredBy(given)?.responseCode).toBe(status);
});

test("a read that fails has changed nothing, whatever went wrong", () => {
  for (const thrown of [
    sdkError({ responseCode: 500 }, -1),
    sdkError({}),
    socketError("ECONNRESET"),
  ])
    expect(toAppError(thrown, reading).metadata).toMatchObject(outcomeNone);
});

test("Stream's own words stay on the server", () => {
  for (const status of [400, 401, 404, 429, 500]) {
    const data = toAppError(sdkError({ responseCode: status }, 4), request).toData();
    expect(JSON.stringify(data)).not.toContain("secret detail");
  }
});

test("an error of ours passes unchanged", () => {
  const ours = new AppError("VALIDATION_ERROR", "x");
  expect(toAppError(ours, request)).toBe(ours);
});

test("an answer is recognised by its status", () => {
  const refused = toAppError(sdkError({ responseCode: 400 }, 4), request);
  expect([isAnswer(refused, 400), isAnswer(refused, 404, 400), isAnswer(refused, 404)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(isAnswer(new Error("400"), 400)).toBe(false);
  expect(isAnswer(new AppError("VALIDATION_ERROR", "x", { providerStatus: 400 }), 400)).toBe(false);
});
