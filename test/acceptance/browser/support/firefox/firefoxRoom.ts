import { readFile } from "node:fs/promises";
import path from "node:path";
import { userIdOf } from "../../../support/meetings.ts";
import type { Person } from "../../../support/person.ts";
import { until } from "../../../support/until.ts";
import type { FirefoxWindow } from "./firefoxWindow.ts";

const program = path.join(import.meta.dirname, "../page/peers.js");
const waitMs = 60_000;

/** Goes into the meeting's room as somebody who is signed in. */
export async function joinInFirefox(
  window: FirefoxWindow,
  url: string,
  person: Person,
  meetingId: string,
): Promise<void> {
  const { name, token } = person;
  const expiresAt = Date.now() + 3_600_000;
  const session = JSON.stringify({ userId: await userIdOf(person), name, token, expiresAt });
  await window.goto(url);
  await window.evaluate(`localStorage.setItem("connvo.session", ${JSON.stringify(session)})`);
  await window.goto(`${url}/meet/${meetingId}`);
  await window.evaluate(`void (0, eval)(${JSON.stringify(await readFile(program, "utf8"))})`);
  await press(window, "Join now");
}

/** Waits for words anywhere in the window. */
export function showsInFirefox(window: FirefoxWindow, words: string): Promise<void> {
  return until(`the window shows "${words}"`, waitMs, () =>
    window.evaluate<boolean>(`document.body.textContent.includes(${JSON.stringify(words)})`),
  );
}

async function press(window: FirefoxWindow, name: string): Promise<void> {
  await until(`"${name}" was pressed`, waitMs, () =>
    window.evaluate<boolean>(`((button) => (button?.click(), button !== undefined))(
      [...document.querySelectorAll("button:enabled")].find((one) =>
        [one.getAttribute("aria-label"), one.textContent].includes(${JSON.stringify(name)})))`),
  );
}
