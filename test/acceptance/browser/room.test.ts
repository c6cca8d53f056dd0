import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { invite, startedMeeting } from "../support/meetings.ts";
import { type Person, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { accessibilityProblems } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { RoomWindow } from "./support/roomWindow.ts";

/** As long as titles may be, and nowhere to break it. */
const endless = "Meeting".repeat(28);
const names = ["Ada", "Grace", "Joan", "Mary"] as const;
type Name = (typeof names)[number];

inChromium("a meeting room", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let meetingId: string;
  const people = new Map<Name, Person>();
  const windows = new Map<Name, RoomWindow>();

  beforeAll(async () => {
    site = await openSite();
    server = await site.start();
    browser = await openChromium();
    for (const name of names) people.set(name, await signIn(server.url, name));
    meetingId = await startedMeeting(person("Ada"), { title: endless });
    for (const name of names.slice(1)) await invite(person("Ada"), person(name), meetingId);
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  const person = (name: Name): Person => required(people.get(name));
  const at = (name: Name): RoomWindow => required(windows.get(name));

  async function join(name: Name): Promise<RoomWindow> {
    const window = await RoomWindow.join(browser, server.url, person(name), meetingId);
    windows.set(name, window);
    return window;
  }

  it("tells in the lobby who is there", async () => {
    await join("Ada");
    const lobby = await RoomWindow.open(browser, server.url, person("Grace"), meetingId);
    await lobby.shows("Ada is here.");
    await expectAccessible(lobby.page);
    await expectFit(lobby.page);
    await lobby.close();
  });

  it("two people see and hear each other", async () => {
    await join("Grace");
    await Promise.all([at("Ada").seesAndHears(1), at("Grace").seesAndHears(1)]);
    await at("Ada").showsPictureOf("Grace");
    await expectAccessible(at("Ada").page);
    await expectFit(at("Ada").page);
  });

  it("shows who is muted and whose camera is off, also by keyboard", async () => {
    await at("Grace").press("Mute");
    await at("Grace").page.keyboard.press("v");
    const tile = at("Ada").tile("Grace");
    await tile.getByText(", muted").waitFor({ state: "attached" });
    await tile.getByText(", camera off").waitFor({ state: "attached" });
    await at("Grace").press("Unmute");
    await at("Grace").page.keyboard.press("v");
    await at("Ada").showsPictureOf("Grace");
    await tile.getByText(", muted").waitFor({ state: "detached" });
    await at("Ada").seesAndHears(1);
  });

  it("shows a shared screen large, and the camera beside it", async () => {
    await at("Grace").press("Share screen");
    const screen = at("Ada").tile("Grace's screen");
    await at("Ada").showsPictureOf("Grace's screen");
    await until("the screen is seen in motion", 60_000, async () => {
      const videos = (await at("Ada").received()).filter(({ kind }) => kind === "video");
      return videos.filter(({ framesDecoded }) => framesDecoded > 2).length >= 2;
    });
    const [large, small] = [
      await screen.boundingBox(),
      await at("Ada").tile("Grace").boundingBox(),
    ];
    expect(required(large).width).toBeGreaterThan(2 * required(small).width);
    await at("Grace").press("Stop sharing");
    await screen.waitFor({ state: "detached" });
  });

  it("late joiners see everybody, and are seen", async () => {
    await Promise.all([join("Joan"), join("Mary")]);
    await Promise.all(names.map((name) => at(name).seesAndHears(3)));
    for (const name of names)
      for (const other of names.filter((one) => one !== name)) await at(name).showsPictureOf(other);
  });

  it("whoever leaves is gone at once, and comes back", async () => {
    const hungUp = at("Mary").page.waitForResponse((answer) => {
      return answer.request().method() === "DELETE" && answer.url().includes("/whip/");
    });
    await at("Mary").press("Leave");
    await at("Mary").shows("You have left the meeting");
    // Not because nothing comes from her any more, which would be noticed later; 404 where her leaving was told sooner.
    expect([200, 404]).toContain((await hungUp).status());
    await at("Ada").tile("Mary").waitFor({ state: "detached" });
    await at("Ada").page.getByRole("log").getByText("Mary left.").waitFor({ state: "attached" });
    await at("Mary").press("Join again");
    await at("Mary").press("Join now");
    await at("Mary").seesAndHears(3);
    await at("Ada").seesAndHears(3);
  });

  describe("a recording", () => {
    it("is asked for with its looks, and seen by everybody at once", async () => {
      await at("Ada").press("Record");
      const dialog = at("Ada").page.getByRole("dialog", { name: "Record this meeting" });
      await dialog.getByLabel("Quality").selectOption("360p");
      await dialog.getByLabel("Layout").selectOption("spotlight");
      await expectAccessible(at("Ada").page);
      await dialog.getByRole("button", { name: "Start recording" }).click();
      for (const name of names) await at(name).shows(/started by Ada/);
      await at("Grace").page.getByRole("timer").waitFor();
      expect(await at("Grace").button("Stop recording").count()).toBe(0);
    });

    it("is told of before one joins", async () => {
      const lobby = await RoomWindow.open(browser, server.url, person("Grace"), meetingId);
      await lobby.shows("This meeting is being recorded.");
      await lobby.shows(/started by Ada. If you join, you are recorded too./);
      await expectAccessible(lobby.page);
      await lobby.close();
    });

    it("is paused and goes on, for everybody to see", async () => {
      await at("Ada").press("Pause recording");
      for (const name of names) await at(name).shows("Recording paused");
      await at("Ada").press("Resume recording");
      for (const name of names)
        await at(name).page.getByText("Recording paused").waitFor({ state: "detached" });
    });

    it("can be watched after it was stopped", async () => {
      await at("Ada").press("Stop recording");
      const link = at("Ada").page.getByRole("link", { name: "Watch now" });
      await link.waitFor();
      expect(await link.getAttribute("href")).toMatch(/^\/watch\/recording_/);
      await at("Grace").page.getByRole("timer").waitFor({ state: "detached" });
    });
  });

  it("taken over by another window, says so, and can be taken back", async () => {
    const other = await RoomWindow.join(browser, server.url, person("Joan"), meetingId);
    await at("Joan").shows("You have joined in another window");
    await other.seesAndHears(3);
    await at("Joan").press("Use this window");
    await other.shows("You have joined in another window");
    await at("Joan").seesAndHears(3);
    await other.close();
  });

  it("whoever is removed is told", async () => {
    await at("Ada").press("People");
    await at("Ada").press("Remove Mary");
    await at("Mary").shows("You are no longer in this meeting");
    await at("Ada").tile("Mary").waitFor({ state: "detached" });
  });

  it("ends for everybody", async () => {
    await at("Ada").press("End for all");
    await at("Ada").press("End the meeting");
    for (const name of ["Ada", "Grace", "Joan"] as const)
      await at(name).shows("The meeting has ended");
    await until("the room is empty", 30_000, async () => (await at("Ada").received()).length === 0);
    for (const [name, { errors }] of windows) expect(errors, name).toEqual([]);
  });
});

function required<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Error("it is not there");
  return value;
}

/** On a phone and on a desktop nothing sticks out, and whoever is in the meeting can leave it. */
async function expectFit(page: Page): Promise<void> {
  for (const size of [
    { width: 390, height: 844 },
    { width: 1280, height: 720 },
  ]) {
    await page.setViewportSize(size);
    await until("the page has that size", 30_000, async () => {
      return (await page.evaluate("innerWidth")) === size.width;
    });
    const beyond = await page.evaluate<string[]>(
      `[...document.querySelectorAll("h1, button, select, li")]
        .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
        .map(({ outerHTML }) => outerHTML.slice(0, 200))`,
    );
    expect(beyond, `${size.width} px`).toEqual([]);
  }
}

async function expectAccessible(page: Page): Promise<void> {
  expect(await accessibilityProblems(page)).toEqual([]);
}
