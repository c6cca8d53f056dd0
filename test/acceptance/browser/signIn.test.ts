import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { personWith } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { contrastOf } from "./support/contrast.ts";
import { hasKeyboard } from "./support/keyboard.ts";
import { WatchedPage } from "./support/watchedPage.ts";

inChromium("the server's own pages", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let watched: WatchedPage | undefined;

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
  });

  afterEach(async () => {
    await watched?.context.close();
    watched = undefined;
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  async function open(path: string, colorScheme: "light" | "dark" = "light"): Promise<Page> {
    watched = await WatchedPage.open(browser, server.url, { colorScheme });
    await watched.page.goto(path);
    return watched.page;
  }

  /** The sign-in page, ready to be typed in. */
  async function openSignIn(path: string, colorScheme?: "light" | "dark"): Promise<Page> {
    const page = await open(path, colorScheme);
    await hasKeyboard(page.getByLabel("Your name"));
    return page;
  }

  const expectNothingOdd = async () => {
    expect(await watched?.problems()).toEqual([]);
    expect(watched?.foreignRequests).toEqual([]);
  };

  describe("the sign-in page", () => {
    it("is used by keyboard alone, from the name to the copied token", async () => {
      const page = await openSignIn("/sign-in");
      await page.keyboard.type("Ada Lovelace");
      await page.keyboard.press("Tab");
      expect(await focused(page)).toBe("Continue");
      await page.keyboard.press("Enter");
      const title = page.getByRole("heading", { name: "Signed in as Ada Lovelace" });
      await title.waitFor();
      expect(await focused(page)).toBe("Signed in as Ada Lovelace");
      for (const expected of ["Token", "Try it", "Copy token"]) {
        await page.keyboard.press("Tab");
        expect(await focused(page)).toBe(expected);
      }
      await page.keyboard.press("Enter");
      await page.getByRole("status").filter({ hasText: "Copied" }).waitFor();
      const token = await page.getByLabel("Token", { exact: true }).inputValue();
      const me = await personWith(server.url, "", token).query<{ displayName: string }>(
        "users/queries:getCurrentUser",
      );
      expect(me.displayName).toBe("Ada Lovelace");
      await expectNothingOdd();
    });

    it.each([
      ["no name", ""],
      ["a blank name", "   "],
    ])("announces that %s will not do, and takes a better one", async (_, name) => {
      const page = await openSignIn("/sign-in");
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
      const alert = page.getByRole("alert").filter({ hasText: /name/i });
      await alert.waitFor();
      const field = page.getByLabel("Your name");
      expect(await focused(page)).toBe("Your name");
      expect(await field.getAttribute("aria-invalid")).toBe("true");
      const described = await field.getAttribute("aria-describedby");
      expect(described?.split(" ")).toContain(await alert.getAttribute("id"));
      await field.fill("Grace");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Signed in as Grace" }).waitFor();
      await expectNothingOdd();
    });

    it("leads back to where the person came from", async () => {
      const page = await openSignIn("/sign-in?return_to=/docs/");
      await page.keyboard.type("Ada");
      await page.keyboard.press("Enter");
      await page.waitForURL("/docs/**");
    });

    it("leads nowhere else", async () => {
      const page = await openSignIn("/sign-in?return_to=//elsewhere.test/");
      await page.keyboard.type("Ada");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Signed in as Ada" }).waitFor();
      await expectNothingOdd();
    });

    it.each(["light", "dark"] as const)("is readable in %s colours", async (scheme) => {
      const page = await openSignIn("/sign-in", scheme);
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: /name/i }).waitFor();
      for (const text of [
        "h1",
        ".field__hint",
        "label",
        "[type=submit]",
        "[role=alert]:not([hidden])",
      ])
        expect(await contrastOf(page, text), text).toBeGreaterThanOrEqual(4.5);
      const background = await page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor",
      );
      const [channel = Number.NaN] = String(background).match(/\d+/g)?.map(Number) ?? [];
      expect(channel > 127 ? "light" : "dark").toBe(scheme);
      await expectNothingOdd();
    });
  });

  describe("the API reference", () => {
    it("shows startRecording, from this server alone", async () => {
      const page = await open("/docs");
      await page.locator('[data-tag="Meetings"] button').click();
      const operation = page.locator(".opblock").filter({ hasText: /\/startRecording/ });
      await operation.getByRole("button").first().click();
      await operation.getByText("recordingConfig").first().waitFor();
      await operation.getByText("200", { exact: true }).first().waitFor();
      expect(await page.title()).toBe("Connvo API");
      await expectNothingOdd();
    });
  });
});

/** The accessible name of what has the keyboard. */
async function focused(page: Page): Promise<string> {
  const name = `(({ labels, textContent }) => (labels?.[0] ?? { textContent }).textContent.trim())(document.activeElement)`;
  return String(await page.evaluate(name));
}
