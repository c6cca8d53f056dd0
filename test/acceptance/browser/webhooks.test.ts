import { randomUUID } from "node:crypto";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isSignedBy, openReceiver, type Receiver } from "../../support/webhookReceiver.ts";
import { callAsAdmin, startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { expectFit } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromiumShell } from "./support/chromium.ts";
import { hasKeyboard } from "./support/keyboard.ts";
import { WatchedPage } from "./support/watchedPage.ts";

inChromium("the page of webhooks", () => {
  let site: Site;
  let server: ServerProcess;
  let receiver: Receiver;
  let browser: Browser;
  let watched: WatchedPage | undefined;

  beforeAll(async () => {
    receiver = await openReceiver();
    site = await openSite();
    server = await site.start({ CONNVO_WEBHOOK_ORIGINS: receiver.origin });
    browser = await openChromiumShell();
  });

  afterEach(async () => {
    expect(await watched?.problems()).toEqual([]);
    expect(watched?.foreignRequests).toEqual([]);
    await watched?.context.close();
    watched = undefined;
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
    await receiver.close();
  });

  /** Somebody who is in an organisation of their own, as its administrator unless said otherwise. */
  async function member(name: string, orgRole = "admin"): Promise<Person> {
    const person = await signIn(server.url, name);
    const { workosUserId, email } = await person.query<{ workosUserId: string; email: string }>(
      "users/queries:getCurrentUser",
    );
    const orgId = `org_${randomUUID()}`;
    const stored = { workosUserId, email, displayName: name, orgId, orgRole };
    await callAsAdmin(server.url, "users/mutations:upsertUser", stored);
    return person;
  }

  async function open(person: Person, path: string, options: BrowserContextOptions = {}) {
    watched = await WatchedPage.open(browser, server.url, options);
    await watched.keepSignedIn(person);
    await watched.page.goto(path);
    return watched.page;
  }

  const came = (path: string) => receiver.received.filter((one) => one.path === path);

  it("leads an administrator from the first endpoint to what its receiver has missed", async () => {
    // Takes what comes, and then fails until it is mended; by itself it is not tried again before that.
    let isBroken = false;
    receiver.answer("/hooks", (response) => {
      if (isBroken) response.writeHead(503, { "retry-after": "3600" }).end();
      else response.writeHead(204).end();
    });
    const page = await open(await member("Ada"), "/");
    await page.getByRole("link", { name: "Webhooks" }).click();
    await page.getByText("No endpoints yet").waitFor();
    const secret = await add(page, `${receiver.origin}/hooks`);

    await page.getByRole("button", { name: "Send a test event" }).click();
    const first = page.getByRole("listitem").filter({ hasText: "webhook.test" }).last();
    await first.getByText("Delivered").waitFor();
    await first.getByText("1 attempt, today").filter({ hasText: "answered with 204" }).waitFor();
    const [message] = came("/hooks");
    expect(message && isSignedBy(secret, message)).toBe(true);

    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.reload();
    await page.getByRole("heading", { name: "/hooks" }).waitFor();
    expect(await page.content()).not.toContain(secret);

    isBroken = true;
    await page.getByRole("button", { name: "Details" }).click();
    await page.getByRole("button", { name: "Send a test event" }).click();
    const failing = page.getByRole("listitem").filter({ hasText: "Failed, is tried again" }).last();
    await failing.getByText(/answered with 503 · next try (today|tomorrow)/).waitFor();

    isBroken = false;
    await failing.getByRole("button", { name: /^Send again/ }).click();
    await failing.waitFor({ state: "detached" });
    await page.getByText("Delivered").nth(1).waitFor();
    const [, missed, again] = came("/hooks").map(({ id }) => id);
    expect(again).toBe(missed);
  });

  it("shows what a receiver that is gone was not told, and sends it once it is back", async () => {
    let isGone = true;
    receiver.answer("/gone", (response) => response.writeHead(isGone ? 410 : 204).end());
    const page = await open(await member("Grace"), "/webhooks");
    await add(page, `${receiver.origin}/gone`);
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.getByText("410 Gone").waitFor();
    const dead = page.getByRole("region", { name: "Given up" });
    await dead.getByText("answered with 410").waitFor();
    expect(await dead.getByRole("button").count()).toBe(0);

    isGone = false;
    await page.getByRole("button", { name: "Switch on" }).click();
    await dead.getByRole("button", { name: /^Send again/ }).click();
    await dead.waitFor({ state: "detached" });
    await page.getByText("Delivered").waitFor();
    expect(came("/gone")).toHaveLength(2);
  });

  it("changes secret, events and state, and deletes only when asked twice", async () => {
    const page = await open(await member("Edith"), "/webhooks");
    const first = await add(page, `${receiver.origin}/edited`);
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.getByRole("button", { name: "New secret" }).click();
    await page.getByText("For 24 hours").waitFor();
    await page.getByRole("button", { name: "Make a new secret" }).click();
    const second = await secretIn(page).inputValue();
    await page.getByText(/^Until tomorrow, .* signed with both/).waitFor();
    await page.getByRole("button", { name: "Send a test event" }).click();
    await page.getByText("Delivered").waitFor();
    const [message] = came("/edited");
    expect([first, second].map((each) => message && isSignedBy(each, message))).toEqual([
      true,
      true,
    ]);

    await page.getByRole("button", { name: "Change" }).click();
    await page.getByLabel("Told of").selectOption("Only some events");
    await page.getByLabel("A meeting ends").check();
    await page.getByRole("button", { name: "Save" }).click();
    // The dialog has the word too, and what is saved shows behind it before it closes.
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText("meeting.ended", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Switch off" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Switch off" }).click();
    await page.getByText("An administrator has switched this endpoint off").waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No endpoints yet").waitFor();
  });

  it("is used by keyboard alone, and says at the field what is wrong", async () => {
    const page = await open(await member("Katherine"), "/webhooks");
    await page.getByText("No endpoints yet").waitFor();
    const press = async (name: string) => {
      await tabTo(page, name);
      await page.keyboard.press("Enter");
    };
    await press("Add an endpoint");
    const url = page.getByLabel("URL");
    await hasKeyboard(url);
    await page.keyboard.type("http://example.org/hooks");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "must begin with https://" }).waitFor();
    expect(await url.getAttribute("aria-invalid")).toBe("true");
    await url.fill(`${receiver.origin}/keys`);
    await page.keyboard.press("Enter");
    await hasKeyboard(secretIn(page));
    await press("Copy secret");
    await page.getByText("Copied").waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(
      await secretIn(page).inputValue(),
    );
    await press("I have kept it");
    await hasKeyboard(page.getByRole("heading", { name: "/keys" }));
    await press("Send a test event");
    await page.getByText("Delivered").waitFor();
    await press("Delete");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await hasKeyboard(page.getByRole("button", { name: "Delete" }));
  });

  it("tells whoever is no administrator that it is for others", async () => {
    const page = await open(await member("Mary", "member"), "/webhooks");
    await page.getByText("for the administrators of your organisation").waitFor();
    expect(await page.getByRole("button", { name: "Add an endpoint" }).count()).toBe(0);
    expect(await page.getByRole("link", { name: "Webhooks" }).count()).toBe(0);
    await watched?.context.close();
    const without = await open(await signIn(server.url, "Nobody's"), "/webhooks");
    await without.getByText("signed in without one").waitFor();
  });

  describe.each([1280, 360])("%d wide", (width) => {
    it("has nothing axe objects to, and nothing to scroll sideways for", async () => {
      const options = { viewport: { width, height: 740 } };
      const path = `/${"long".repeat(50)}`;
      receiver.answer(path, (response) => response.writeHead(410).end());
      const person = await member("A name that is rather long for a telephone");
      const page = await open(person, "/webhooks", options);
      await page.getByText("No endpoints yet").waitFor();
      await expectFit(page);
      await page.getByRole("button", { name: "Add an endpoint" }).click();
      await page.getByLabel("Told of").selectOption("Only some events");
      await page.getByRole("button", { name: "Add", exact: true }).click();
      await page.getByRole("alert").waitFor();
      await expectFit(page);
      await page.getByRole("button", { name: "Cancel" }).click();
      await add(page, receiver.origin + path);
      await expectFit(page);
      await page.getByRole("button", { name: "Send a test event" }).click();
      await page.getByText("410 Gone").waitFor();
      await page.getByRole("region", { name: "Given up" }).waitFor();
      await expectFit(page);
    });
  });

  it("is told at once of what others do", async () => {
    const person = await member("Live");
    const page = await open(person, "/webhooks");
    await page.getByText("No endpoints yet").waitFor();
    const url = `${receiver.origin}/live`;
    await person.mutation("webhooks/mutations:createEndpoint", { url });
    await page.getByRole("button", { name: "Details" }).click();
    await startedMeeting(person);
    await page.getByText("meeting.started", { exact: true }).waitFor();
    await page.getByText("Delivered").waitFor();
  });
});

const secretIn = (page: Page) => page.getByLabel("Secret", { exact: true });

/** Adds an endpoint that is told of everything. @returns its secret */
async function add(page: Page, url: string): Promise<string> {
  await page.getByRole("button", { name: "Add an endpoint" }).click();
  await page.getByLabel("URL").fill(url);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const secret = await secretIn(page).inputValue();
  expect(secret).toMatch(/^whsec_/);
  return secret;
}

/** Presses Tab until what has that name has the keyboard. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate("document.activeElement.textContent")) === name) return;
  }
  throw new Error(`${name} is not reached by Tab`);
}
