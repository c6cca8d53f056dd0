import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createAuthority } from "../../test/support/certificates.ts";
import { patience, takeTime } from "../../test/support/patience.ts";
import { ConfigError } from "../config/config.ts";
import type { Log } from "../core/log.ts";
import { openCertificate, type TlsPair } from "./tls.ts";

takeTime();

const authority = createAuthority();
const pair = authority.issue({ hosts: ["meet.example"] });

let folder: string;
let files: { tlsCert: string; tlsKey: string };
let warned: string[];
const log = {
  info: () => undefined,
  warn: (_fields: object, message: string) => {
    warned.push(message);
  },
} as unknown as Log;

beforeEach(async () => {
  warned = [];
  folder = await mkdtemp(path.join(tmpdir(), "connvo-tls-"));
  files = { tlsCert: path.join(folder, "cert.pem"), tlsKey: path.join(folder, "key.pem") };
  await write(pair);
});

afterEach(() => rm(folder, { recursive: true }));

async function write({ cert, key }: TlsPair): Promise<void> {
  await writeFile(files.tlsCert, cert, { mode: 0o644 });
  await writeFile(files.tlsKey, key, { mode: 0o600 });
}

async function opened() {
  const certificate = await openCertificate(files, log);
  if (!certificate) throw new Error("no certificate");
  return certificate;
}

async function problem(): Promise<string> {
  const error: unknown = await openCertificate(files, log).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  return String(error);
}

describe("the certificate", () => {
  it("is none when none is configured", async () => {
    expect(await openCertificate({}, log)).toBeUndefined();
  });

  it("is read with its chain and key, and nothing is said", async () => {
    await writeFile(files.tlsCert, pair.cert + authority.cert);
    expect((await opened()).pair).toEqual({ cert: pair.cert + authority.cert, key: pair.key });
    expect(warned).toEqual([]);
  });

  it("names the setting whose file is not there", async () => {
    await rm(files.tlsKey);
    expect(await problem()).toMatch(/CONNVO_TLS_KEY cannot be read: ENOENT/);
    await rm(files.tlsCert);
    expect(await problem()).toMatch(/CONNVO_TLS_CERT cannot be read: ENOENT/);
  });

  it("names the setting whose file holds something else, and quotes none of it", async () => {
    await writeFile(files.tlsCert, "s3cret");
    expect(await problem()).toMatch(/CONNVO_TLS_CERT must name a file with a certificate in PEM$/);
    await write({ ...pair, key: "s3cret" });
    expect(await problem()).toMatch(/CONNVO_TLS_KEY must name .* unencrypted private key in PEM$/);
  });

  it("is refused with an encrypted key: nobody is there to type the password", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "s3cret",
    });
    await write({ ...pair, key: key.toString() });
    expect(await problem()).toContain("unencrypted");
  });

  it("is refused with the key of another, and with its issuer's certificate first", async () => {
    await write({ ...pair, key: authority.issue({ hosts: ["meet.example"] }).key });
    expect(await problem()).toContain("CONNVO_TLS_KEY is not the key of the first certificate");
    await write({ ...pair, cert: authority.cert + pair.cert });
    expect(await problem()).toContain("CONNVO_TLS_KEY is not the key of the first certificate");
  });

  it("is taken but warned of when its time is over, or its key is everybody's to read", async () => {
    await write(authority.issue({ hosts: ["meet.example"], validTo: Date.now() - 1000 }));
    await opened();
    expect(warned).toEqual(["the certificate is not valid today"]);
    await write(pair);
    await chmod(files.tlsKey, 0o644);
    await opened();
    expect(warned.at(-1)).toContain("CONNVO_TLS_KEY can be read by every user");
  });
});

describe("a later certificate", () => {
  const next = authority.issue({ hosts: ["meet.example"] });

  it("is handed on when it is asked for, once", async () => {
    const used: TlsPair[] = [];
    const followed = (await opened()).follow((later) => used.push(later));
    await followed.reload();
    expect(used).toEqual([]);
    await write(next);
    await followed.reload();
    await followed.reload();
    expect(used).toEqual([next]);
    followed.stop();
  });

  it("is handed on by itself when its files change, also when they are replaced", async () => {
    const used: TlsPair[] = [];
    const followed = (await opened()).follow((later) => used.push(later));
    await writeFile(`${files.tlsCert}.new`, next.cert);
    await writeFile(`${files.tlsKey}.new`, next.key);
    await rename(`${files.tlsCert}.new`, files.tlsCert);
    await rename(`${files.tlsKey}.new`, files.tlsKey);
    await vi.waitUntil(() => used.length > 0, patience);
    expect(used).toEqual([next]);
    followed.stop();
  });

  it("that cannot be used leaves the one before in place", async () => {
    const used: TlsPair[] = [];
    const followed = (await opened()).follow((later) => used.push(later));
    // As in the moment between the two files of a renewal.
    await writeFile(files.tlsCert, next.cert);
    await followed.reload();
    expect(used).toEqual([]);
    // The files may have been looked at in between as well.
    expect(new Set(warned)).toEqual(
      new Set(["the new certificate cannot be used; the one before stays"]),
    );
    await writeFile(files.tlsKey, next.key);
    await followed.reload();
    expect(used).toEqual([next]);
    followed.stop();
  });
});
