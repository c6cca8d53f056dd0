import { type Browser, chromium, type LaunchOptions } from "playwright-core";
import { findProgram, inBrowser } from "./installed.ts";
import { followWindows, keepWindows } from "./windowEvidence.ts";

const browsers = ["chromium", "chromium-browser", "google-chrome"];
const findChromium = () => findProgram(browsers);
/** Chromium without what is around a page: its windows open with a fifth of the work. */
const findShell = () => findProgram(["chromium-headless-shell", ...browsers]);

export const chromiumInstalled = findChromium() !== undefined;

type Find = () => string | undefined;
const shared = new Map<Find, Promise<Browser>>();

/** The browser of this process, which is started once. A file that opens windows in it closes them: `closeWindows`. */
export const openChromium = () => open(findChromium);

/** The same for pages, and for media that are not measured: Chromium's headless shell where it is installed. */
export const openChromiumShell = () => open(findShell);

async function open(find: Find): Promise<Browser> {
  let browser = await shared.get(find)?.catch(() => undefined);
  if (!browser?.isConnected()) {
    const launched = launch(find);
    shared.set(find, launched);
    browser = await launched;
  }
  keepWindows(browser);
  return browser;
}

/** Closes all windows. */
export async function closeWindows(browser: Browser | undefined): Promise<void> {
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
}

/** Starts the browser found: with media that needs no person's consent, and nothing that calls home. */
async function launch(find: Find): Promise<Browser> {
  const browser = await chromium.launch(launchOptions(find));
  followWindows(browser);
  return browser;
}

/** @throws Error without Chromium */
export function launchOptions(find: Find = findChromium): LaunchOptions {
  const executablePath = find();
  if (executablePath === undefined) throw new Error("there is no Chromium on the PATH");
  return {
    executablePath,
    args: [
      "--no-sandbox",
      "--use-fake-device-for-media-stream=fps=15",
      "--use-fake-ui-for-media-stream",
      "--auto-select-desktop-capture-source=Entire screen",
      "--autoplay-policy=no-user-gesture-required",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  };
}

/** A suite that needs Chromium. Without it the suite is reported as not run, which in CI is a failure. */
export function inChromium(title: string, define: () => void): void {
  inBrowser("Chromium", findChromium(), title, define);
}
