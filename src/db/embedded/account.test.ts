import { describe, expect, it } from "vitest";
import { type AccountRequest, type AccountSystem, chooseAccount } from "./account.ts";

const root: AccountRequest = { uid: 0, paths: ["/data/postgres"], currentOwner: undefined };

function system(parts: Partial<AccountSystem> = {}): AccountSystem {
  return {
    lookUp: async (user) => (user === "postgres" ? { uid: 101, gid: 104 } : { uid: 9, gid: 9 }),
    reaches: async () => true,
    works: async () => true,
    ...parts,
  };
}

describe("the account PostgreSQL runs as", () => {
  it("is ours when we are not root", async () => {
    const account = await chooseAccount({ ...root, uid: 1000 }, system());
    expect(account.owner).toBeUndefined();
    expect(account.command("initdb", ["-D"])).toEqual({ file: "initdb", args: ["-D"] });
  });

  it("is postgres, else nobody, when we are root", async () => {
    const account = await chooseAccount(root, system());
    expect(account.command("postgres", [])).toMatchObject({ uid: 101, gid: 104 });
    const lookUp: AccountSystem["lookUp"] = async (user) =>
      user === "nobody" ? { uid: 65_534, gid: 65_534 } : undefined;
    expect((await chooseAccount(root, system({ lookUp }))).owner?.uid).toBe(65_534);
  });

  it("stays the owner of an existing data folder, unless that is root", async () => {
    const owned = (uid: number) => ({ ...root, currentOwner: { uid, gid: uid } });
    expect((await chooseAccount(owned(1000), system())).owner?.uid).toBe(1000);
    expect((await chooseAccount(owned(0), system())).owner?.uid).toBe(101);
  });

  it("is behind a user namespace when nobody unprivileged gets to the folder", async () => {
    const account = await chooseAccount(root, system({ reaches: async () => false }));
    expect(account.owner).toEqual({ uid: 0, gid: 0 });
    expect(account.command("postgres", ["-D", "x"])).toEqual({
      file: "unshare",
      args: ["--user", "--map-user=65534", "--map-group=65534", "--", "postgres", "-D", "x"],
    });
  });

  it("gets the one capability it needs where user namespaces are forbidden", async () => {
    const closed = {
      reaches: async () => false,
      works: async (file: string) => file === "setpriv",
    };
    const account = await chooseAccount(root, system(closed));
    expect(account.owner?.uid).toBe(101);
    expect(account.command("postgres", [])).toMatchObject({ file: "setpriv" });
  });

  it("is refused with the way out when nothing works", async () => {
    const nothing = { reaches: async () => false, works: async () => false };
    await expect(chooseAccount(root, system(nothing))).rejects.toThrow(
      /ordinary user.*DATABASE_URL/,
    );
  });
});
