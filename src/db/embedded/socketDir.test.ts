import { mkdir, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { chooseAccount } from "./account.ts";
import { ensureSocketDir, socketDirOf } from "./socketDir.ts";

describe("the socket folder", () => {
  it("is the same for the same data folder, and short whatever its path", () => {
    const deep = `/srv/${"deep/".repeat(60)}postgres`;
    expect(socketDirOf(deep)).toBe(socketDirOf(deep));
    expect(socketDirOf(deep)).not.toBe(socketDirOf(`${deep}2`));
    expect(path.join(socketDirOf(deep, `/${"t".repeat(90)}`), ".s.PGSQL.5432").length).toBeLessThan(
      104,
    );
  });

  it("is closed to others, also when it was there, and never somebody else's", async () => {
    const parent = await mkdtemp(path.join(os.tmpdir(), "connvo-socket-"));
    onTestFinished(() => rm(parent, { recursive: true, force: true }));
    const ours = await chooseAccount({ uid: 1, paths: [], currentOwner: undefined });
    const folder = path.join(parent, "open");
    await mkdir(folder, { mode: 0o777 });
    await ensureSocketDir(folder, ours);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await symlink(folder, path.join(parent, "link"));
    await expect(ensureSocketDir(path.join(parent, "link"), ours)).rejects.toThrow(/somebody else/);
  });
});
