import { type Browser, chromium, type LaunchOptions } from "playwright-core";
import { findProgram, inBrowser } from "./installed.ts";
import { followWindows, keepWindows } from "./windowEvidence.ts";

const findChromium = () => findProgram(["chromium", "chromium-browser", "google-chrome"]);

export const chromiumInstalled = findChromium() !== undefined;

let shared: Promise<Browser> | undefined;

/** The browser of this process, which is started once. A file that opens windows in it closes them: `closeWindows`. */
export async function openChromium(): Promise<Browser> {
  let browser = await shared?.catch(() => undefined);
  if (!browser?.isConnected()) {
    shared = launch();
    browser = await shared;
  }
  keepWindows(browser);
  return browser;
}

/** Closes all windows. */
export async function closeWindows(browser: Browser | undefined): Promise<void> {
  await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
}

/** Starts the browser found: with media that needs no person's consent, and nothing that calls home. */
async function launch(): Promise<Browser> {
  const browser = await chromium.launch(launchOptions());
  followWindows(browser);
  return browser;
}

/** @throws Error without Chromium */
export function launchOptions(): LaunchOptions {
  const executablePath = findChromium();
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
