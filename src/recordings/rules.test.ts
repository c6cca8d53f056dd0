import { describe, expect, it } from "vitest";
import type { AppError } from "../core/errors.ts";
import type { Result } from "../core/result.ts";
import { mayRecord, type RecordableMeeting, resolveConfig, sameLook } from "./rules.ts";

function refusal<T>(result: Result<T>): AppError {
  if (result.ok) throw new Error("expected a refusal");
  return result.error;
}

describe("resolveConfig", () => {
  it("fills the published defaults", () => {
    expect(resolveConfig()).toEqual({
      ok: true,
      value: { quality: "720p", layout: "grid", audioOnly: false },
    });
  });

  it("keeps what was asked for", () => {
    const asked = { quality: "1080p", layout: "spotlight", audioOnly: true } as const;
    expect(resolveConfig({ mode: "available", ...asked })).toEqual({ ok: true, value: asked });
  });

  it("refuses mode disabled and names the field", () => {
    const error = refusal(resolveConfig({ mode: "disabled" }));
    expect(error.code).toBe("VALIDATION_ERROR");
    expect(error.metadata).toEqual({ field: "recordingConfig.mode" });
  });
});

describe("mayRecord", () => {
  const meeting: RecordableMeeting = {
    id: "meeting_1",
    state: "active",
    tier: "paid",
    recordingPermitted: true,
  };

  it("allows an active paid meeting that permits it", () => {
    expect(mayRecord(meeting).ok).toBe(true);
  });

  it.each([
    [{ tier: "free" }, "VALIDATION_ERROR", "paid_tier_required"],
    [{ recordingPermitted: false }, "VALIDATION_ERROR", "recording_not_permitted"],
    [{ state: "scheduled" }, "MEETING_NOT_ACTIVE", undefined],
    [{ state: "concluded" }, "MEETING_NOT_ACTIVE", undefined],
    [{ state: "cancelled" }, "MEETING_NOT_ACTIVE", undefined],
  ] as const)("refuses %j with %s", (change, code, reason) => {
    const error = refusal(mayRecord({ ...meeting, ...change }));
    expect(error.code).toBe(code);
    expect(error.metadata?.["reason"]).toBe(reason);
  });
});

it("sameLook treats all sound as one", () => {
  const sound = { quality: "720p", layout: "grid", audioOnly: true } as const;
  expect(sameLook(sound, { ...sound, quality: "1080p" })).toBe(true);
  expect(sameLook(sound, { ...sound, audioOnly: false })).toBe(false);
  expect(sameLook({ ...sound, audioOnly: false }, { ...sound, audioOnly: false })).toBe(true);
});
