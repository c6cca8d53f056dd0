import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppError } from "../core/errors.ts";
import type { Result } from "../core/result.ts";
import { admit, mayRecord, type RecordableMeeting, resolveConfig, sameLook } from "./rules.ts";

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

describe("admit", () => {
  const limit = 3;
  const windowMs = 60_000;

  it("never lets more than the limit into any window, and lets in as soon as there is room", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }), (gaps) => {
        const admitted: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          const recent = admitted.toReversed().slice(0, limit);
          const inWindow = admitted.filter((at) => at > now - windowMs).length;
          const result = admit("x", recent, limit, windowMs, now);
          expect(result.ok).toBe(inWindow < limit);
          if (result.ok) admitted.push(now);
          else
            expect(
              admit(
                "x",
                recent,
                limit,
                windowMs,
                now + Number(refusal(result).metadata?.["retryAfterMs"]),
              ).ok,
            ).toBe(true);
        }
      }),
    );
  });

  it("says when to come back", () => {
    const error = refusal(admit("recording_start", [50, 40, 30], limit, windowMs, 60));
    expect(error.code).toBe("RATE_LIMIT_EXCEEDED");
    expect(error.metadata).toEqual({
      action: "recording_start",
      limit: 3,
      retryAfterMs: 30 + windowMs - 60,
    });
  });
});

it("sameLook treats all sound as one", () => {
  const sound = { quality: "720p", layout: "grid", audioOnly: true } as const;
  expect(sameLook(sound, { ...sound, quality: "1080p" })).toBe(true);
  expect(sameLook(sound, { ...sound, audioOnly: false })).toBe(false);
  expect(sameLook({ ...sound, audioOnly: false }, { ...sound, audioOnly: false })).toBe(true);
});
