import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { addEvidence } from "../../../support/evidence/scope.ts";

/** A page that stands still gives no picture, and must not hold up the others, ms. */
const pictureMs = 10_000;

const consoles = new WeakMap<Browser, string[]>();

/** Follows the consoles of all windows that will be opened. */
export function followWindows(browser: Browser): void {
  const note = (page: Page | null, text: string) => {
    consoles.get(browser)?.push(`${new Date().toISOString()} ${page?.url() ?? "?"} ${text}`);
  };
  const follow = (context: BrowserContext) => {
    context.on("console", (message) => {
      note(message.page(), `${message.type()}: ${message.text()}`);
    });
    context.on("weberror", (error) => note(error.page(), `uncaught: ${error.error().stack}`));
    context.on("requestfailed", (request) => {
      note(null, `${request.method()} ${request.url()} failed: ${request.failure()?.errorText}`);
    });
  };
  // Neither a browser nor its contexts tell of new ones.
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    follow(context);
    return context;
  };
  browser.newPage = async (options) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.once("close", () => void context.close().catch(() => undefined));
    return page;
  };
}

/** Has all windows kept with a failure from now on: pictures and pages of the open ones, the console of every one. */
export function keepWindows(browser: Browser): void {
  const lines: string[] = [];
  consoles.set(browser, lines);
  addEvidence({
    name: "browser windows",
    collect: async (folder) => {
      await writeFile(path.join(folder, "console.txt"), lines.join("\n"));
      const pages = browser.contexts().flatMap((context) => context.pages());
      await Promise.all(
        pages.map((page, index) => keepPage(page, path.join(folder, `window-${index + 1}`))),
      );
    },
  });
}

async function keepPage(page: Page, file: string): Promise<void> {
  const picture = page.screenshot({ path: `${file}.png`, timeout: pictureMs });
  await picture.catch((error: unknown) => writeFile(`${file}.png.txt`, String(error)));
  const text = `<!-- ${page.url()} -->\n${await page.content()}`;
  await writeFile(`${file}.html`, text);
}
