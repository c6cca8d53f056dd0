import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { userIdOf } from "../../support/meetings.ts";
import type { Person } from "../../support/person.ts";
import { until } from "../../support/until.ts";

/** Notes every refusal by a content security policy; runs in the page before its own scripts. */
const watchPolicy = `
  globalThis.refusedByPolicy = [];
  addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    refusedByPolicy.push("policy: " + violatedDirective + " " + blockedURI));
`;

/** Notes what is said in passing, which may be gone before anybody looks; runs in the page before its own scripts. */
const watchToasts = `
  globalThis.toasts = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node instanceof Element && node.matches(".toast")) toasts.push(node.textContent);
  }).observe(document, { childList: true, subtree: true });
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
    await context.addInitScript(watchToasts);
    return new WatchedPage(context, await context.newPage(), new URL(url).origin);
  }

  /** The person's session as the pages keep it, there before they start. */
  async keepSignedIn(person: Person): Promise<void> {
    const { name, token } = person;
    const session = {
      userId: await userIdOf(person),
      name,
      token,
      expiresAt: Date.now() + 3_600_000,
    };
    // Once: what the page itself stores or removes stays so.
    await this.context.addInitScript(
      `if (!sessionStorage.seeded) {
         sessionStorage.seeded = 1;
         localStorage.setItem("connvo.session", ${JSON.stringify(JSON.stringify(session))});
       }`,
    );
  }

  /** Waits until the page has said that in passing, since it was loaded. */
  hasSaid(text: string, timeoutMs: number): Promise<void> {
    const said = async () => (await this.page.evaluate<string[]>("toasts")).includes(text);
    return until(`the page has said: ${text}`, timeoutMs, said);
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
