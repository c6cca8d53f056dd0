import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AppError } from "../errors.ts";
import type { Result } from "../result.ts";
import { admit } from "./slidingWindow.ts";

function refusal<T>(result: Result<T>): AppError {
  if (result.ok) throw new Error("expected a refusal");
  return result.error;
}

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
