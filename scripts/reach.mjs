// Which packages each process loads, itself or through others: `node scripts/reach.mjs` prints what must not be reached.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build as bundle } from "esbuild";
import { entries, root } from "./build.mjs";

/** Native media would cost every server memory and its start; the children have nothing to do with clients or the database. */
const forbidden = {
  main: ["node-av", "node-datachannel", "sherpa-onnx-node", "llama-tokenizer-js", "@energetic-ai"],
  roomProcess: ["pg", "fastify", "node-av"],
  composeProcess: ["pg", "fastify", "node-datachannel"],
  speechProcess: ["pg", "fastify", "node-datachannel"],
  vectorProcess: ["pg", "fastify", "node-datachannel", "node-av"],
  encodeProcess: ["pg", "fastify", "node-datachannel"],
  filmProcess: ["pg", "fastify", "node-datachannel"],
};

/**
 * Ways from an entry file to packages, in import order: file after file, and the package. Types are no imports.
 * @param {string} entry path of the file, relative to the repository
 * @param {readonly string[]} packages
 */
export async function waysTo(entry, packages) {
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints: [path.resolve(root, entry)],
    outdir: root,
    bundle: true,
    write: false,
    metafile: true,
    packages: "external",
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  const start = Object.keys(metafile.outputs)
    .map((name) => metafile.outputs[name]?.entryPoint)
    .find((name) => name !== undefined);
  return waysIn(metafile.inputs, start, packages);
}

function waysIn(inputs, start, packages) {
  const cameFrom = new Map([[start, undefined]]);
  const ways = [];
  // A map may grow while it is walked.
  for (const file of cameFrom.keys())
    for (const { path: target, external } of inputs[file]?.imports ?? []) {
      const found = packages.find((name) => target === name || target.startsWith(`${name}/`));
      if (external && found) ways.push([...wayTo(file, cameFrom), found]);
      else if (!external && !cameFrom.has(target)) cameFrom.set(target, file);
    }
  return ways;
}

function wayTo(file, cameFrom) {
  const before = cameFrom.get(file);
  return before === undefined ? [file] : [...wayTo(before, cameFrom), file];
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  let count = 0;
  for (const [name, packages] of Object.entries(forbidden))
    for (const way of await waysTo(entries[name], packages)) {
      console.error(`${name} must not load ${way.at(-1)}: ${way.join(" → ")}`);
      count++;
    }
  if (count > 0) process.exit(1);
}
