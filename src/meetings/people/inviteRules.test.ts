import { describe, expect, it } from "vitest";
import { hasUsesLeft, isLive, termsOf } from "./inviteRules.ts";

const dayMs = 86_400_000;

describe("the terms of an invite", () => {
  it("are one participant within a week unless said otherwise", () => {
    expect(termsOf({})).toEqual({
      ok: true,
      value: { role: "participant", maxUses: 1, expiresInMs: 7 * dayMs },
    });
  });

  it.each([
    ["maxUses", { maxUses: 0 }],
    ["maxUses", { maxUses: 101 }],
    ["maxUses", { maxUses: 1.5 }],
    ["expiresInMs", { expiresInMs: 0 }],
    ["expiresInMs", { expiresInMs: 30 * dayMs + 1 }],
    ["expiresInMs", { expiresInMs: Number.NaN }],
  ])("are refused for %s: %j", (field, request) => {
    expect(termsOf(request)).toMatchObject({
      ok: false,
      error: { code: "VALIDATION_ERROR", metadata: { field } },
    });
  });
});

describe("an invite", () => {
  it("is live until it expires or is revoked", () => {
    expect(isLive({ expiresAt: 101, revokedAt: null }, 100)).toBe(true);
    expect(isLive({ expiresAt: 100, revokedAt: null }, 100)).toBe(false);
    expect(isLive({ expiresAt: 101, revokedAt: 50 }, 100)).toBe(false);
  });

  it("lets in as many as it says", () => {
    expect(hasUsesLeft({ uses: 1, maxUses: 2 })).toBe(true);
    expect(hasUsesLeft({ uses: 2, maxUses: 2 })).toBe(false);
  });
});
