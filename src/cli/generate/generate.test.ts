import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { v } from "convex/values";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { can } from "../../auth/can.ts";
import { options } from "../../config/options.ts";
import { query } from "../../runtime/builders.ts";
import { buildRegistry } from "../../runtime/registry.ts";
import { apiText } from "./api.ts";
import { configurationText, envExampleText } from "./configuration.ts";
import { findModules, modulesText } from "./modules.ts";

describe("modules.ts", () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "connvo-gen-"));
    await mkdir(path.join(dir, "meetings", "stream"), { recursive: true });
    const files = [
      "users.ts",
      "users.test.ts",
      "notes.md",
      "types.d.ts",
      "meetings/stream/index.ts",
    ];
    await Promise.all(files.map((file) => writeFile(path.join(dir, file), "")));
  });

  afterAll(() => rm(dir, { recursive: true, force: true }));

  it("has every module in order, and neither tests nor types", async () => {
    expect(await findModules(dir)).toEqual(["meetings/stream/index", "users"]);
  });

  it("maps paths to modules, also where their identifiers would be the same", () => {
    const text = modulesText(["a/b_c", "a_b/c"]);
    expect(text).toContain('import * as a_b_c from "../functions/a/b_c.ts";');
    expect(text).toContain('"a/b_c": a_b_c,');
    expect(text).toContain('"a_b/c": a_b_c1,');
  });
});

describe("api.ts", () => {
  it("types functions by their validators, ids as strings", () => {
    const get = query({
      permission: can.anyone,
      summary: "Look */ out",
      args: { id: v.id("users"), "odd name": v.optional(v.union(v.literal("a"), v.null())) },
      returns: v.array(v.record(v.string(), v.int64())),
      handler: () => [],
    });
    const none = query({
      permission: can.anyone,
      summary: "None",
      args: {},
      returns: v.null(),
      handler: () => null,
    });
    const text = apiText(buildRegistry({ "a/b": { get }, a: { none } }));
    expect(text.replace(/\s+/g, " ")).toContain(
      'export interface Api { a: { b: { /** Look *\\/ out */ get: FunctionReference< "query", "public", { id: string; "odd name"?: "a" | null; }, Array<Record<string, bigint>> >; }; /** None */ none: FunctionReference< "query", "public", Record<string, never>, null >; }; }',
    );
  });
});

describe("the option table", () => {
  it("is documented in full, with no default for secrets", () => {
    const markdown = configurationText();
    const env = envExampleText();
    for (const option of Object.values(options)) {
      expect(markdown).toContain(`| \`${option.env}\` |`);
      expect(env).toContain(`# ${option.env}=`);
      if ("secret" in option) expect("default" in option).toBe(false);
    }
  });

  it("tells what values are taken", () => {
    const markdown = configurationText();
    expect(markdown).toContain("| `PORT` | 0 … 65,535 | `3210` |");
    expect(markdown).toContain("| `CONNVO_COMPOSER` | `node-av`, `ffmpeg` | `node-av` |");
    expect(markdown).toContain("text, at least 16 characters");
  });
});
