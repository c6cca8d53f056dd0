import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import path from "node:path";
import type { Log } from "../core/log.ts";
import { keysFolder, readOrCreateSecret } from "./secretFile.ts";

interface AdminKeySettings {
  adminKey?: string | undefined;
  dataDir: string;
}

/**
 * The key for `Authorization: Convex <key>`: the configured one, else one made once and kept in
 * `<dataDir>/keys/adminKey` (0600).
 */
export async function loadAdminKey(settings: AdminKeySettings, log: Log): Promise<string> {
  if (settings.adminKey !== undefined) return settings.adminKey;
  const file = adminKeyFile(settings.dataDir);
  const key = (await readOrCreateSecret(file, newAdminKey, log)).trim();
  if (key.length < 16) throw new Error(`${file} holds no key; delete it to have a new one made`);
  return key;
}

/** Where a made key is kept, for messages that tell the operator. */
export function adminKeyFile(dataDir: string): string {
  return path.join(keysFolder(dataDir), "adminKey");
}

/** Compares in constant time. Convex tools write `name|secret`; the name is not part of our key. */
export function isAdminKey(given: string, adminKey: string): boolean {
  const whole = isSame(given, adminKey);
  const afterName = isSame(given.slice(given.indexOf("|") + 1), adminKey);
  return whole || afterName;
}

function isSame(given: string, adminKey: string): boolean {
  return timingSafeEqual(hash("sha256", given, "buffer"), hash("sha256", adminKey, "buffer"));
}

function newAdminKey(): string {
  return randomBytes(32).toString("base64url");
}
