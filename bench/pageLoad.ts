import { access } from "node:fs/promises";
import { type Browser, chromium } from "playwright-core";
import { serveBarePage } from "./barePage.ts";
import { ConnvoClient, type SignedIn } from "./connvoClient.ts";
import { ownConnvo } from "./connvoServer.ts";
import { notRun, type Row, rowOf, units } from "./row.ts";
import type { Stage } from "./stage.ts";
import { compare, type Pair } from "./statistics.ts";

const names = {
  bytes: "page load: sent, compressed",
  content: "page load: first content",
  list: "page load: list can be used",
} as const;
const baseline = "bare React page";
const browserProgram = "/usr/bin/chromium";
const title = "Weekly planning";

/** My meetings in Chromium with an empty cache, signed in, against a page of React alone served the same way. */
export async function benchPageLoad(stage: Stage): Promise<Row[]> {
  const found = await access(browserProgram).then(
    () => true,
    () => false,
  );
  if (!found) return [notRun(names.list, `needs ${browserProgram}`)];
  const server = await ownConnvo(stage);
  const session = await signedIn(server.url);
  const bareUrl = await serveBarePage(stage);
  const browser = await chromium.launch({
    executablePath: browserProgram,
    args: ["--no-sandbox", "--disable-background-networking"],
  });
  stage.own("Chromium", () => browser.close());
  const pairs: Record<keyof Load, Pair[]> = { bytes: [], content: [], list: [] };
  for (let round = 0; round < stage.pick(10, 3); round++) {
    const ours = await load(browser, server.url, `text=${title}`, session);
    const bare = await load(browser, bareUrl, "h1");
    for (const key of ["bytes", "content", "list"] as const)
      pairs[key].push({ ours: ours[key], baseline: bare[key] });
  }
  const row = (key: keyof Load, format: (figure: number) => string) =>
    rowOf({ name: names[key], baseline, comparison: compare(pairs[key]), format });
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  return [
    row("bytes", kilobytes),
    row("content", units.milliseconds),
    row("list", units.milliseconds),
  ];
}

interface Load {
  /** Bodies of document, scripts and styles as they were sent. */
  bytes: number;
  /** Until something was painted, s from the navigation. */
  content: number;
  /** Until the thing waited for was there, s from the navigation. */
  list: number;
}

async function load(
  browser: Browser,
  url: string,
  awaited: string,
  session?: string,
): Promise<Load> {
  const context = await browser.newContext();
  if (session !== undefined)
    await context.addInitScript(
      `localStorage.setItem("connvo.session", ${JSON.stringify(session)})`,
    );
  const page = await context.newPage();
  try {
    await page.goto(url, { waitUntil: "commit" });
    await page.locator(awaited).first().waitFor();
    const list = Number(await page.evaluate("performance.now()")) / 1000;
    await page.waitForFunction("performance.getEntriesByType('paint').length > 0");
    return { list, ...((await page.evaluate(paintAndBytes)) as Omit<Load, "list">) };
  } finally {
    await context.close();
  }
}

const paintAndBytes = `({
  content: performance.getEntriesByName("first-contentful-paint")[0].startTime / 1000,
  bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(({ initiatorType }) => initiatorType !== "fetch")
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
})`;

/** Somebody with one meeting, as the pages keep who is signed in. */
async function signedIn(url: string): Promise<string> {
  const client = new ConnvoClient(url);
  const person = await client.signIn("Page reader");
  await client.call("meetings/lifecycle:createMeeting", { title }, person);
  const user = await client.call<{ _id: string }>("users/queries:getCurrentUser", {}, person);
  return sessionOf(person, user._id);
}

function sessionOf({ name, token }: SignedIn, userId: string): string {
  return JSON.stringify({ userId, name, token, expiresAt: Date.now() + 3_600_000 });
}
