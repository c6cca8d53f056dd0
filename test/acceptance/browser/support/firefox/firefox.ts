import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { addEvidence } from "../../../../support/evidence/scope.ts";
import { until } from "../../../support/until.ts";
import { findProgram, inBrowser } from "../installed.ts";
import { BidiConnection, type BidiEvent } from "./bidi.ts";
import { firefoxPreferences } from "./firefoxPreferences.ts";
import { FirefoxWindow } from "./firefoxWindow.ts";

const findFirefox = () => findProgram(["firefox-esr", "firefox"]);

/**
 * Runs a browser as long as somebody holds the other end of the standard input: this process, which may be killed. Then, or when
 * it has ended by itself, its profile is removed.
 */
const keeper = `exec 3<&0
"$@" </dev/null & browser=$!
exec 2>/dev/null
{ cat <&3 >/dev/null; kill -KILL $browser; } & watcher=$!
wait $browser
kill $watcher
sleep 1
rm -rf "$0"`;

/** A stock Firefox without a display, driven by WebDriver BiDi. */
export class Firefox {
  readonly #connection: BidiConnection;
  readonly #windows = new Set<FirefoxWindow>();
  /** What its pages wrote since `keepWindows`. */
  #console: string[] = [];

  private constructor(connection: BidiConnection) {
    this.#connection = connection;
    connection.onEvent = (event) => this.#note(event);
  }

  static async launch(executable: string): Promise<Firefox> {
    const profile = await mkdtemp(path.join(tmpdir(), "connvo-firefox-"));
    await writeFile(path.join(profile, "user.js"), firefoxPreferences());
    const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"];
    const child = spawn("sh", ["-c", keeper, profile, executable, ...args], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    const connection = await BidiConnection.open(await addressOf(child), ["log.entryAdded"]);
    return new Firefox(connection);
  }

  get isConnected(): boolean {
    return this.#connection.isOpen;
  }

  /** A window of its own, which shares neither cookies nor storage with others. */
  async newWindow(): Promise<FirefoxWindow> {
    const window = await FirefoxWindow.open(this.#connection);
    this.#windows.add(window);
    return window;
  }

  async closeWindows(): Promise<void> {
    const windows = [...this.#windows];
    this.#windows.clear();
    await Promise.all(windows.map((window) => window.close()));
  }

  /** Has all windows kept with a failure from now on: pictures of the open ones, the console of every one. */
  keepWindows(): void {
    const lines: string[] = [];
    this.#console = lines;
    addEvidence({
      name: "Firefox windows",
      collect: async (folder) => {
        await writeFile(path.join(folder, "console.txt"), lines.join("\n"));
        await Promise.all(
          [...this.#windows].map((window, index) =>
            window.keep(path.join(folder, `window-${index + 1}`)),
          ),
        );
      },
    });
  }

  #note({ params }: BidiEvent): void {
    this.#console.push(`${new Date().toISOString()} ${params["level"]}: ${params["text"]}`);
  }
}

/** Where it listens: it says so itself, and chooses a port that is free. */
async function addressOf(child: ChildProcess): Promise<string> {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    // Whatever else it says is not kept.
    if (address() === undefined) text += part;
  });
  const address = () => /WebDriver BiDi listening on (ws:\S+)\n/.exec(text)?.[1];
  await until("Firefox listens", 120_000, () => {
    if (child.exitCode !== null) throw new Error(`Firefox has ended: ${text}`);
    return address() !== undefined;
  });
  return address() ?? "";
}

let shared: Promise<Firefox> | undefined;

/** The browser of this process, which is started once. A file that opens windows in it closes them: `closeWindows`. */
export async function openFirefox(): Promise<Firefox> {
  let firefox = await shared?.catch(() => undefined);
  if (!firefox?.isConnected) {
    const executable = findFirefox();
    if (executable === undefined) throw new Error("there is no Firefox on the PATH");
    shared = Firefox.launch(executable);
    firefox = await shared;
  }
  firefox.keepWindows();
  return firefox;
}

/** A suite that needs Firefox. Without it the suite is reported as not run, which in CI is a failure. */
export function inFirefox(title: string, define: () => void): void {
  inBrowser("Firefox", findFirefox(), title, define);
}
