import { readFile } from "node:fs/promises";
import path from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

export interface WebPagesOptions {
  /** Folder of the built pages, with `index.html` and `assets/`. */
  folder: string;
  /** Whether people can sign in by name here; without it the pages say how else. */
  localAuth: boolean;
}

/** Addresses the pages have for themselves; each is answered with the same document. */
const pageAddresses = [
  "/",
  "/sign-in",
  "/meet/:meetingId",
  "/meetings/:meetingId",
  "/invite/:secret",
  "/watch/:recordingId",
  "/match",
  "/search",
  "/profile",
  "/welcome",
  "/webhooks",
];

/** Scripts and styles come from this server alone; media also from elements that play what was fetched. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob: mediastream:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The embedded meeting is a script of pages of other origins. */
function shareWithOtherPages(reply: { header(name: string, value: string): unknown }): void {
  reply.header("access-control-allow-origin", "*");
  reply.header("cross-origin-resource-policy", "cross-origin");
}

/**
 * The meeting pages. Files under `/assets/` carry a digest in their name and may be kept for ever; the document is asked
 * for again each time. Files that were compressed at build time are sent so (br, gzip). `/embed/connvo-meeting.js` has a name that stays, for pages of any origin.
 */
export async function webPages(
  app: FastifyInstance,
  { folder, localAuth }: WebPagesOptions,
): Promise<void> {
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers({
      "content-security-policy": contentSecurityPolicy,
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "permissions-policy": "camera=(self), microphone=(self), display-capture=(self)",
    });
    done();
  });
  await app.register(fastifyStatic, {
    root: folder,
    prefix: "/",
    wildcard: false,
    index: false,
    preCompressed: true,
    cacheControl: false,
    globIgnore: ["index.html*", "**/*.map"],
    setHeaders: (reply, file) => {
      const kept = file.startsWith(path.join(folder, "assets", path.sep));
      reply.header("cache-control", kept ? "public, max-age=31536000, immutable" : "no-cache");
      if (file.startsWith(path.join(folder, "embed", path.sep))) shareWithOtherPages(reply);
    },
  });
  const document = await pageDocument(folder, localAuth);
  const send = (reply: FastifyReply) =>
    reply.type("text/html; charset=utf-8").header("cache-control", "no-cache").send(document);
  for (const url of pageAddresses) app.get(url, (_request, reply) => send(reply));
  // Whoever mistypes an address in a browser is told so by a page.
  app.get("/*", ({ headers }, reply) => {
    reply.code(404);
    return headers.accept?.includes("text/html") ? send(reply) : reply.send();
  });
}

const signInByName = '<meta name="connvo-sign-in" content="name" />';

/** Told in the document itself: who is not signed in sees the right way at once, without another request. */
async function pageDocument(folder: string, localAuth: boolean): Promise<string> {
  const built = await readFile(path.join(folder, "index.html"), "utf8");
  return localAuth
    ? built
    : built.replace(signInByName, signInByName.replace('"name" />', '"token" />'));
}
