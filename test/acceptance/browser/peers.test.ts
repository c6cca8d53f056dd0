import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { invite, startedMeeting, startRecording } from "../support/meetings.ts";
import { type Person, refusalOf, signIn } from "../support/person.ts";
import type { ServerProcess } from "../support/server.ts";
import { openSite, type Site } from "../support/site.ts";
import { until } from "../support/until.ts";
import { accessibilityProblems } from "./support/accessibility.ts";
import { closeWindows, inChromium, openChromium } from "./support/chromium.ts";
import { RoomWindow } from "./support/roomWindow.ts";

const waitMs = 90_000;

interface SessionView {
  sessionId: string;
  userId: string;
  state: string;
  connectionQuality?: string;
}

inChromium("a meeting from browser to browser", () => {
  let site: Site;
  let server: ServerProcess;
  let browser: Browser;
  let ada: Person;
  let grace: Person;
  let joan: Person;
  let meetingId: string;
  const windows = new Map<Person, RoomWindow>();

  beforeAll(async () => {
    site = await openSite();
    server = await site.start({ CONNVO_LOCAL_PLAN: "free" });
    browser = await openChromium();
    ada = await signIn(server.url, "Ada");
    grace = await signIn(server.url, "Grace");
    joan = await signIn(server.url, "Joan");
    meetingId = await startedMeeting(ada);
    for (const guest of [grace, joan]) await invite(ada, guest, meetingId);
  });

  afterAll(async () => {
    await closeWindows(browser);
    await site.close();
  });

  async function join(person: Person): Promise<RoomWindow> {
    const window = await RoomWindow.join(browser, server.url, person, meetingId);
    windows.set(person, window);
    return window;
  }

  function at(person: Person): RoomWindow {
    const window = windows.get(person);
    if (window === undefined) throw new Error(`${person.name} is not there`);
    return window;
  }

  const sessions = () =>
    ada.query<SessionView[]>("meetings/webrtc/signaling:getActiveSessions", { meetingId });

  it("two people see and hear each other", async () => {
    await join(ada);
    await join(grace);
    await Promise.all([at(ada).seesAndHears(1), at(grace).seesAndHears(1)]);
    await at(ada).showsPictureOf("Grace");
    await at(grace).showsPictureOf("Ada");
    expect(await accessibilityProblems(at(ada).page)).toEqual([]);
    await until("both are known to be connected, and how well", waitMs, async () => {
      const found = await sessions();
      return (
        found.length === 2 &&
        found.every((one) => one.state === "connected" && one.connectionQuality !== undefined)
      );
    });
  });

  it("shows who is muted and whose camera is off", async () => {
    await at(grace).press("Mute");
    await at(grace).press("Stop camera");
    const tile = at(ada).tile("Grace");
    await tile.getByText(", muted").waitFor({ state: "attached" });
    await tile.getByText(", camera off").waitFor({ state: "attached" });
    await at(grace).press("Unmute");
    await at(grace).press("Start camera");
    await at(ada).showsPictureOf("Grace");
    await at(ada).seesAndHears(1);
  });

  it("shows a shared screen", async () => {
    await at(grace).press("Share screen");
    await at(ada).showsPictureOf("Grace's screen");
    await at(grace).press("Stop sharing");
    await at(ada).tile("Grace's screen").waitFor({ state: "detached" });
  });

  it("a third joins, and everybody sees and hears everybody", async () => {
    await join(joan);
    await Promise.all([ada, grace, joan].map((person) => at(person).seesAndHears(2)));
  });

  it("cannot be recorded, and says why", async () => {
    expect(await refusalOf(startRecording(ada, meetingId))).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "paid_tier_required" },
    });
    await at(ada).press("Record");
    await at(ada).press("Start recording");
    await at(ada).shows(/free meetings cannot be recorded/);
    await at(ada).press("Cancel");
  });

  it("taken over by another window, says so", async () => {
    const other = await RoomWindow.join(browser, server.url, joan, meetingId);
    await at(joan).shows("You have joined in another window");
    await other.seesAndHears(2);
    await at(joan).press("Use this window");
    await other.shows("You have joined in another window");
    await at(joan).seesAndHears(2);
    await other.close();
  });

  it("whoever leaves is gone at once, and comes back", async () => {
    await at(grace).press("Leave");
    await at(ada).tile("Grace").waitFor({ state: "detached" });
    await until("her session is closed", waitMs, async () => (await sessions()).length === 2);
    await at(grace).press("Join again");
    await at(grace).press("Join now");
    await Promise.all([ada, grace, joan].map((person) => at(person).seesAndHears(2)));
  });

  it("whoever is removed is told, and not seen any more", async () => {
    await at(ada).press("People");
    await at(ada).press("Remove Joan");
    await at(joan).shows("You are no longer in this meeting");
    await at(ada).tile("Joan").waitFor({ state: "detached" });
    await at(ada).seesAndHears(1);
  });

  it("ends for everybody", async () => {
    await at(ada).press("End for all");
    await at(ada).press("End the meeting");
    for (const person of [ada, grace]) await at(person).shows("The meeting has ended");
    await until("nothing is received", waitMs, async () => {
      return (await at(grace).received()).length === 0;
    });
    expect(await sessions()).toEqual([]);
    for (const [{ name }, { errors }] of windows) expect(errors, name).toEqual([]);
  });
});
