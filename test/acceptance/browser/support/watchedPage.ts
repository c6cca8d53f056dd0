import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

/** Notes every refusal by a content security policy; runs in the page before its own scripts. */
const watchPolicy = `
  globalThis.refusedByPolicy = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    refusedByPolicy.push("policy: " + violatedDirective + " " + blockedURI));
`;

/** A browser window that is watched for errors, policy violations and requests to other hosts. */
export class WatchedPage {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly foreignRequests: string[] = [];
  #errors: string[] = [];

  private constructor(context: BrowserContext, page: Page, origin: string) {
    this.context = context;
    this.page = page;
    page.on("pageerror", (error) => this.#errors.push(`uncaught: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !isRefusedCall(message.text()))
        this.#errors.push(`console: ${message.text()}`);
    });
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.origin !== origin) this.foreignRequests.push(url.href);
    });
  }

  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions,
  ): Promise<WatchedPage> {
    const context = await browser.newContext({ ...options, baseURL: url });
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: url });
    await context.addInitScript(watchPolicy);
    return new WatchedPage(context, await context.newPage(), new URL(url).origin);
  }

  /** Uncaught errors, what the browser complained about, and what the page's policy refused. */
  async problems(): Promise<string[]> {
    const refused = await this.page.evaluate<string[]>("refusedByPolicy");
    return [...this.#errors, ...refused];
  }
}

/** The browser logs every answer of 400 and above, the expected ones too. */
function isRefusedCall(text: string): boolean {
  return /^Failed to load resource: the server responded with a status of 400/.test(text);
}
