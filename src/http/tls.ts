import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { unwatchFile, watchFile } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ConfigError } from "../config/config.ts";
import type { Log } from "../core/log.ts";

/** A certificate with its chain, and its private key, both as PEM text. */
export interface TlsPair {
  cert: string;
  key: string;
}

/** Paths of PEM files; a `Config` has them. Both or neither: the settings are checked together. */
export interface TlsSettings {
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
}

/** The certificate a server begins with, and what comes after it. */
export interface Certificate {
  readonly pair: TlsPair;
  /**
   * Hands every later certificate of the files to `use`: when a file changes, and on `reload`. A pair that cannot be
   * used is logged and passed over, since a server on its old certificate is better than none.
   */
  follow(use: (pair: TlsPair) => void): { reload(): Promise<void>; stop(): void };
}

const certSetting = "CONNVO_TLS_CERT";
const keySetting = "CONNVO_TLS_KEY";

/** How often the files are looked at, ms: by name, so that a swapped link is seen as well. */
const watchIntervalMs = 2000;

/**
 * Reads the certificate and its key; undefined when none is configured.
 * @throws ConfigError naming the setting that cannot be used; never quotes a key
 */
export async function openCertificate(
  { tlsCert, tlsKey }: TlsSettings,
  log: Log,
): Promise<Certificate | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const files: TlsPair = { cert: tlsCert, key: tlsKey };
  const pair = await readPair(files, log);
  await warnOfOpenKey(files.key, log);
  return { pair, follow: (use) => followFiles(files, pair, use, log) };
}

function followFiles(
  files: TlsPair,
  first: TlsPair,
  use: (pair: TlsPair) => void,
  log: Log,
): { reload(): Promise<void>; stop(): void } {
  let current = first;
  const reload = async () => {
    try {
      const pair = await readPair(files, log);
      if (pair.cert === current.cert && pair.key === current.key) return;
      use(pair);
      current = pair;
      log.info({ file: files.cert }, "new certificate in use");
    } catch (error) {
      log.warn({ err: error }, "the new certificate cannot be used; the one before stays");
    }
  };
  const onChange = () => void reload();
  const names = [files.cert, files.key];
  for (const name of names)
    watchFile(name, { interval: watchIntervalMs, persistent: false }, onChange);
  return {
    reload,
    stop: () => {
      for (const name of names) unwatchFile(name, onChange);
    },
  };
}

async function readPair(files: TlsPair, log: Log): Promise<TlsPair> {
  const cert = await readPem(certSetting, files.cert);
  const key = await readPem(keySetting, files.key);
  const certificate = parseCertificate(cert);
  if (!certificate.checkPrivateKey(parseKey(key)))
    throw new ConfigError([
      `${keySetting} is not the key of the first certificate in ${certSetting}; the server's own comes before its issuers'`,
    ]);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new ConfigError([`${certSetting} cannot be used: ${messageOf(error)}`]);
  }
  const { validFrom, validTo } = certificate;
  const now = Date.now();
  if (Date.parse(validTo) < now || Date.parse(validFrom) > now)
    log.warn({ file: files.cert, validFrom, validTo }, "the certificate is not valid today");
  return { cert, key };
}

async function readPem(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new ConfigError([`${setting} cannot be read: ${messageOf(error)}`]);
  }
}

function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new ConfigError([`${certSetting} must name a file with a certificate in PEM`]);
  }
}

function parseKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new ConfigError([
      `${keySetting} must name a file with an unencrypted private key in PEM`,
    ]);
  }
}

async function warnOfOpenKey(file: string, log: Log): Promise<void> {
  // Windows has no such modes.
  if (process.platform === "win32") return;
  const { mode } = await stat(file);
  if ((mode & 0o004) !== 0)
    log.warn({ file }, `${keySetting} can be read by every user of this machine; chmod 600 it`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
