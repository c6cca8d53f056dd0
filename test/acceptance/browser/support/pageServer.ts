import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";

export interface PageServer {
  readonly url: string;
  close(): void;
}

const folder = path.join(import.meta.dirname, "page");

/** Serves a page, of an origin of its own, in which a module of `page/` runs, or what was made of it. */
export async function servePage(program: string, made?: string): Promise<PageServer> {
  const page = `<!doctype html><title>Tests</title><body><script type="module" src="/${program}"></script>`;
  const server = createServer(async ({ url = "/" }, response) => {
    if (url === "/") return void response.writeHead(200, { "content-type": "text/html" }).end(page);
    const file = path.join(folder, path.basename(url));
    const content = made ?? (await readFile(file).catch(() => undefined));
    response.writeHead(content ? 200 : 404, { "content-type": "text/javascript" }).end(content);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => void server.close() };
}
