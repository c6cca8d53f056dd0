import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { BidiConnection } from "./bidi.ts";

/** A window that stands still gives no picture, and must not hold up the others, ms. */
const pictureMs = 10_000;

interface Evaluated {
  type: "success" | "exception";
  result?: { type: string; value?: unknown };
  exceptionDetails?: { text: string };
}

/** A window of Firefox; what tests call of it has the names that a page of Playwright has. */
export class FirefoxWindow {
  readonly #connection: BidiConnection;
  readonly #user: string;
  readonly #context: string;

  private constructor(connection: BidiConnection, user: string, context: string) {
    this.#connection = connection;
    this.#user = user;
    this.#context = context;
  }

  static async open(connection: BidiConnection): Promise<FirefoxWindow> {
    const { userContext } = await connection.send("browser.createUserContext");
    // Not a tab: of those only the one in front is visible.
    const { context } = await connection.send("browsingContext.create", {
      type: "window",
      userContext,
    });
    return new FirefoxWindow(connection, String(userContext), String(context));
  }

  /** Resolves once the page has loaded. */
  async goto(url: string): Promise<void> {
    const context = this.#context;
    await this.#connection.send("browsingContext.navigate", { context, url, wait: "complete" });
  }

  /** What an expression, or the promise it makes, comes to. @throws Error with what the page threw */
  async evaluate<T>(expression: string): Promise<T> {
    // As text: the protocol describes objects in a way of its own.
    const given = `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`;
    const answer = (await this.#connection.send("script.evaluate", {
      expression: given,
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: true,
    })) as unknown as Evaluated;
    if (answer.type === "exception") throw new Error(answer.exceptionDetails?.text);
    const { value } = answer.result ?? {};
    return (typeof value === "string" ? JSON.parse(value) : undefined) as T;
  }

  /** Writes what the window shows. */
  async keep(file: string): Promise<void> {
    try {
      const context = this.#context;
      const asked = this.#connection.send("browsingContext.captureScreenshot", { context });
      const { data } = await Promise.race([asked, tooLate()]);
      await writeFile(`${file}.png`, Buffer.from(String(data), "base64"));
    } catch (error) {
      await writeFile(`${file}.png.txt`, String(error));
    }
  }

  /** Nothing when it has gone already. */
  async close(): Promise<void> {
    const userContext = this.#user;
    const closed = this.#connection.send("browser.removeUserContext", { userContext });
    await closed.catch(() => undefined);
  }
}

async function tooLate(): Promise<never> {
  await sleep(pictureMs, undefined, { ref: false });
  throw new Error(`no picture within ${pictureMs} ms`);
}
