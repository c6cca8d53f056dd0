import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { projectRoot } from "../config/paths.ts";
import { buildRegistry, type FunctionModules } from "../runtime/registry.ts";
import { apiText } from "./generate/api.ts";
import { configurationText, envExampleText } from "./generate/configuration.ts";
import { findModules, modulesText } from "./generate/modules.ts";
import { permissionsText } from "./generate/permissions.ts";

/**
 * `npm run gen`: writes what is generated from the functions and the option table.
 * `npm run gen -- --check` writes nothing and fails when a file is not current.
 */
async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => arg !== "--check");
  if (unknown.length > 0) {
    process.stderr.write(`unknown option ${unknown.join(" ")}\nUsage: npm run gen [-- --check]\n`);
    return 2;
  }
  const root = projectRoot();
  const files = await generate(root);
  const stale = await staleFiles(root, files);
  return args.includes("--check") ? check(stale) : write(root, files, stale);
}

/** All generated files: path from the project's root → text. */
async function generate(root: string): Promise<ReadonlyMap<string, string>> {
  const modules = modulesText(await findModules(path.join(root, "src", "functions")));
  const registry = buildRegistry(await loadModules(root, modules));
  return new Map([
    ["src/generated/modules.ts", modules],
    ["src/generated/api.ts", apiText(registry)],
    ["docs/configuration.md", configurationText()],
    ["docs/permissions.md", permissionsText(registry)],
    [".env.example", envExampleText()],
  ]);
}

/** Imports the functions as the new `modules.ts` names them, whatever stands on disk. */
async function loadModules(root: string, text: string): Promise<FunctionModules> {
  const dir = path.join(root, "node_modules", ".cache", "connvo");
  const outfile = path.join(dir, `functions.${process.pid}.mjs`);
  await mkdir(dir, { recursive: true });
  try {
    await build({
      stdin: { contents: text, loader: "ts", resolveDir: path.join(root, "src", "generated") },
      outfile,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "node",
      logLevel: "error",
    });
    const loaded = (await import(pathToFileURL(outfile).href)) as {
      functionModules: FunctionModules;
    };
    return loaded.functionModules;
  } finally {
    await rm(outfile, { force: true });
  }
}

async function staleFiles(root: string, files: ReadonlyMap<string, string>): Promise<string[]> {
  const states = await Promise.all(
    [...files].map(async ([file, text]) => {
      const found = await readFile(path.join(root, file), "utf8").catch(() => undefined);
      // A checkout on Windows may have changed the line ends.
      return found?.replaceAll("\r\n", "\n") === text ? [] : [file];
    }),
  );
  return states.flat();
}

function check(stale: readonly string[]): number {
  if (stale.length === 0) {
    process.stdout.write("generated files are current\n");
    return 0;
  }
  process.stderr.write(`not current: ${stale.join(", ")}\nRun: npm run gen\n`);
  return 1;
}

async function write(
  root: string,
  files: ReadonlyMap<string, string>,
  stale: readonly string[],
): Promise<number> {
  for (const file of stale) {
    const target = path.join(root, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, files.get(file) ?? "");
    process.stdout.write(`wrote ${file}\n`);
  }
  if (stale.length === 0) process.stdout.write("nothing to do: generated files are current\n");
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
