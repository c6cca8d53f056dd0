import { describe, expect, it } from "vitest";
import { chosenInterests, chosenKeys, type RequestedInterest } from "./rules.ts";

const catalogue = new Set(["law", "go"]);
const own = (name: string): RequestedInterest => ({ id: name, name, category: "personal" });

describe("the interests of an onboarding", () => {
  it("are keys of the catalogue, each once, whatever else is said of them", () => {
    const law = { id: "law", name: "\0", category: "skill" } as const;
    expect(chosenInterests([law, law], catalogue)).toEqual({
      ok: true,
      value: [{ key: "law", label: null, iconName: null }],
    });
  });

  it("may be the user's own, alike in whatever spelling", () => {
    const asked = [
      own(" Board  Games "),
      { ...own("board-games"), iconName: "dice" },
      own("Täglich"),
    ];
    expect(chosenInterests(asked, catalogue)).toMatchObject({
      value: [{ key: "custom:board-games", iconName: "dice" }, { key: "custom:täglich" }],
    });
  });

  it("keep 48 characters of a long name, never half a one", () => {
    expect(chosenInterests([own("🎸a".repeat(40))], catalogue)).toMatchObject({
      value: [{ label: "🎸a".repeat(24) }],
    });
  });

  it.each<[string, RequestedInterest[]]>([
    ["unknown and not personal", [{ id: "x", name: "Chess", category: "skill" }]],
    ["too short", [own("x")]],
    ["blank", [own("  ")]],
    ["without letters", [own("!!!")]],
    ["invisible", [own("a\u202eb")]],
    ["with a bad icon", [{ ...own("Chess"), iconName: "<svg>" }]],
    ["six of their own", ["aa", "bb", "cc", "dd", "ee", "ff"].map(own)],
    ["more than 50", Array.from({ length: 51 }, () => own("law"))],
  ])("are refused: %s", (_what, requested) => {
    expect(chosenInterests(requested, catalogue)).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { field: "interests" } },
    });
  });
});

describe("interests by key", () => {
  const mine = { key: "custom:chess", label: "Chess", iconName: null };

  it("are the catalogue's and the user's own", () => {
    const chosen = chosenKeys(["go", "custom:chess", "go"], catalogue, new Map([[mine.key, mine]]));
    expect(chosen).toMatchObject({ value: [{ key: "go", label: null }, mine] });
  });

  it("are refused where somebody else's or nobody's", () => {
    expect(chosenKeys(["go", "custom:chess"], catalogue, new Map())).toMatchObject({
      error: { metadata: { field: "interests", interest: "custom:chess" } },
    });
  });
});
