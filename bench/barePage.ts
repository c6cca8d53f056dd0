import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync } from "node:zlib";
import fastifyStatic from "@fastify/static";
import Fastify from "fastify";
import { build } from "vite";
import type { Stage } from "./stage.ts";

const root = path.resolve(import.meta.dirname, "..");

const document = `<!doctype html><html lang="en"><head><title>Bare</title></head>
<body><div id="root"></div><script type="module" src="/main.js"></script></body></html>`;

const script = `import { createElement } from "react";
import { createRoot } from "react-dom/client";
createRoot(document.getElementById("root")).render(createElement("h1", null, "Bare"));`;

/** A page of React that shows one heading, built and served as the product's are. @returns its address */
export async function serveBarePage(stage: Stage): Promise<string> {
  const folder = path.join(await stage.folder(), "page");
  await mkdir(folder);
  await writeFile(path.join(folder, "index.html"), document);
  await writeFile(path.join(folder, "main.js"), script);
  const outDir = path.join(folder, "built");
  await build({
    configFile: false,
    root: folder,
    logLevel: "error",
    resolve: { alias: ["react-dom", "react"].map((name) => aliasOf(name)) },
    build: { outDir, target: "es2022", modulePreload: { polyfill: false } },
  });
  await compress(path.join(outDir, "assets"));
  const app = Fastify();
  await app.register(fastifyStatic, { root: outDir, preCompressed: true });
  stage.own("bare page", () => app.close());
  return app.listen({ host: "127.0.0.1", port: 0 });
}

const aliasOf = (name: string) => ({
  find: name,
  replacement: path.join(root, "node_modules", name),
});

async function compress(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    await writeFile(`${file}.br`, brotliCompressSync(await readFile(file)));
  }
}
