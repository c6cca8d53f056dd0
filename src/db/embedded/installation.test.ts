import { chmod, mkdir, mkdtemp, readlink, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { findInstallation } from "./installation.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "connvo-installation-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const folder of ["dist", "native/bin", "native/lib"])
    await mkdir(path.join(root, folder), { recursive: true });
  for (const program of ["initdb", "postgres"])
    await writeFile(path.join(root, "native/bin", program), "", { mode: 0o644 });
  await writeFile(path.join(root, "native/lib/libx.so.1.2"), "");
  await writeFile(
    path.join(root, "native/pg-symlinks.json"),
    JSON.stringify([{ source: "native/lib/libx.so.1.2", target: "native/lib/libx.so.1" }]),
  );
});

const find = () => findInstallation(() => path.join(root, "dist/index.js"), "linux-x64");

describe("the installed binaries", () => {
  it("get their library links and exec bits back, again and again", async () => {
    await find();
    const installation = await find();
    expect(installation.missingLinks).toEqual([]);
    expect(await readlink(path.join(root, "native/lib/libx.so.1"))).toBe("libx.so.1.2");
    expect((await stat(installation.postgres)).mode & 0o111).toBe(0o111);
  });

  it.runIf(process.getuid?.() !== 0)("report links that cannot be made in place", async () => {
    await chmod(path.join(root, "native/lib"), 0o555);
    const file = path.join(root, "native/lib/libx.so.1.2");
    expect((await find()).missingLinks).toEqual([{ name: "libx.so.1", file }]);
    await chmod(path.join(root, "native/lib"), 0o755);
  });

  it("are missed with the way out named", async () => {
    await rm(path.join(root, "native/bin/postgres"));
    await expect(find()).rejects.toThrow(/postgres is missing.*DATABASE_URL/);
    const absent = () => {
      throw new Error("Cannot find module");
    };
    await expect(findInstallation(absent, "linux-x64")).rejects.toThrow(
      /not installed.*DATABASE_URL/,
    );
    await expect(findInstallation(absent, "aix-ppc64")).rejects.toThrow(
      /no binaries for aix-ppc64.*DATABASE_URL/,
    );
  });
});
