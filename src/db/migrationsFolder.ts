import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { MigrationError } from "./errors.ts";

/** The project's `migrations` folder: beside `dist` when bundled, beside `src` otherwise. */
export function migrationsFolder(from: string = fileURLToPath(import.meta.url)): string {
  const parent = path.dirname(from);
  if (parent === from) throw new MigrationError("the migrations folder is missing");
  const folder = path.join(parent, "migrations");
  return existsSync(path.join(folder, "0001-create-core-tables.sql"))
    ? folder
    : migrationsFolder(parent);
}
