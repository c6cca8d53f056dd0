import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { expectFit } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { hasKeyboard } from "./support/keyboard.ts";
import { WatchedPage } from "./support/watchedPage.ts";

inChromium("the pages about oneself", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  const windows: WatchedPage[] = [];

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromiumShell();
  });

  afterEach(async () => {
    for (const watched of windows.splice(0)) {
      expect(await watched.problems()).toEqual([]);
      expect(watched.foreignRequests).toEqual([]);
      await watched.context.close();
    }
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  async function open(person: Person, path: string, width = 1280): Promise<WatchedPage> {
    const watched = await WatchedPage.open(browser, server.url, {
      viewport: { width, height: 740 },
    });
    windows.push(watched);
    await watched.keepSignedIn(person);
    await watched.page.goto(path);
    return watched;
  }

  /** Goes on with Tab until the keys go there. */
  async function tabTo(page: Page, label: string): Promise<void> {
    const target = field(page, label);
    for (let step = 0; step < 40; step++) {
      if ((await target.and(page.locator(":focus")).count()) > 0) return;
      await page.keyboard.press("Tab");
    }
    await hasKeyboard(target);
  }

  it("lead a new person by the keyboard alone from their name through the onboarding", async () => {
    const ada = await signIn(server.url, "Ada onboards");
    const { page } = await open(ada, "/");
    await page.getByText("No meetings yet").waitFor();
    await page.getByRole("link", { name: "Ada onboards" }).press("Enter");
    await page.getByRole("link", { name: "It takes a minute" }).press("Enter");
    await page.getByRole("button", { name: "Done" }).waitFor();
    const type = async (label: string, text: string) => {
      await tabTo(page, label);
      await page.keyboard.type(text);
    };
    await type("Age", "30");
    await type("Gender", "Female");
    await type("Job title", "Judge");
    await type("Company", "Court");
    await type("Field of work", "Law");
    await type("About you", "short");
    await tabTo(page, "Public speaking");
    await page.keyboard.press("Space");
    await type("Another interest", "Board games");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Done" }).press("Enter");
    const refused = field(page, "About you");
    await page.getByText("About you must have at least 10 characters.").waitFor();
    expect(await refused.getAttribute("aria-invalid")).toBe("true");
    await refused.press("End");
    await page.keyboard.type(", but long enough");
    await page.getByRole("button", { name: "Done" }).press("Enter");
    await page.getByText("No meetings yet").waitFor();

    const profile = await ada.query("profiles/queries:getCurrentUserProfile");
    expect(profile).toMatchObject({ age: 30, gender: "female", bio: "short, but long enough" });
    const interests = await ada.query<{ label: string }[]>(
      "interests/queries:getCurrentUserInterests",
    );
    expect(interests.map(({ label }) => label)).toEqual(["Board games", "Public speaking"]);
  });

  it("show in another window at once what was changed in one", async () => {
    const ada = await signIn(server.url, "Ada changes");
    const here = await open(ada, "/profile");
    const there = await open(ada, "/profile");
    await field(there.page, "Company").waitFor();
    await field(here.page, "Company").fill("Acme");
    await here.page.getByRole("button", { name: "Save profile" }).click();
    await here.hasSaid("Profile saved", 30_000);
    await there.page.waitForFunction(
      `document.querySelector("form input[autocomplete=organization]").value === "Acme"`,
    );
    await field(here.page, "Send me text messages").check();
    await there.page
      .locator("label", { hasText: "Send me text messages" })
      .locator(":checked")
      .waitFor();
    await field(here.page, "Sustainability").check();
    await here.page.getByRole("button", { name: "Save interests" }).click();
    await there.page.locator("label", { hasText: "Sustainability" }).locator(":checked").waitFor();
    await field(here.page, "LinkedIn address").fill("javascript:alert(1)");
    await here.page.keyboard.press("Enter");
    await here.page.getByText(/^LinkedIn address must be an address/).waitFor();
    expect(await ada.query("profiles/queries:getCurrentUserProfile")).toMatchObject({
      company: "Acme",
    });
  });

  describe.each([1280, 360])("%d wide", (width) => {
    it("have nothing axe objects to, and nothing to scroll sideways for", async () => {
      const { page } = await open(await signIn(server.url, "Careful reader"), "/profile", width);
      await field(page, "Public speaking").waitFor();
      await field(page, "Write me e-mails").waitFor();
      await field(page, "Age").fill("five");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").waitFor();
      await expectFit(page);
      await page.goto("/welcome");
      await field(page, "Public speaking").waitFor();
      await page.getByRole("button", { name: "Done" }).click();
      await page.getByRole("alert").waitFor();
      await expectFit(page);
    });
  });
});

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
