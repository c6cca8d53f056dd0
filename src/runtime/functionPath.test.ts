import { describe, expect, it } from "vitest";
import { canonicalPath, parseFunctionPath, parseRunPath, strippedPath } from "./functionPath.ts";

describe("parseFunctionPath", () => {
  it.each([
    ["a/b:c", "a/b:c"],
    ["a/b.js:c", "a/b:c"],
    ["a", "a:default"],
    ["a.js", "a:default"],
    ["a_1:_b2", "a_1:_b2"],
  ])("reads %s as %s", (text, name) => {
    expect(parseFunctionPath(text)).toEqual({ ok: true, name });
  });

  it.each([
    "",
    ":c",
    "/a:c",
    "a//b:c",
    "a/../b:c",
    "./a:c",
    "a.ts:c",
    "a.b:c",
    "___:c",
    "a b:c",
    "ä:c",
    "a:b:c",
    "a:",
    "a:1c",
    "a:___",
    "a:__proto__.x",
    `${"a".repeat(65)}:c`,
    `a:${"c".repeat(65)}`,
    "a%2fb:c",
    "a\0:c",
  ])("refuses %j with a reason", (text) => {
    expect(parseFunctionPath(text)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/\.$/),
    });
  });
});

describe("parseRunPath", () => {
  it("takes the last segment for the function", () => {
    expect(parseRunPath("meetings/stream/index/startRecording")).toEqual({
      ok: true,
      name: "meetings/stream/index:startRecording",
    });
    expect(parseRunPath("messages/default")).toEqual({ ok: true, name: "messages:default" });
  });

  it.each(["", "a", "a:b"])("misses a function in %j", (text) => {
    expect(parseRunPath(text)).toBeUndefined();
  });

  it.each(["a/", "/a", "a:b/c", "a/../c"])("refuses %j", (text) => {
    expect(parseRunPath(text)).toMatchObject({ ok: false });
  });
});

it("prints names in both styles", () => {
  expect([strippedPath("a:b"), strippedPath("a:default")]).toEqual(["a:b", "a"]);
  expect([canonicalPath("a/b:c"), canonicalPath("a:default")]).toEqual([
    "a/b.js:c",
    "a.js:default",
  ]);
});
