import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inBrowser } from "./browser/support/installed.ts";
import {
  hasEnded,
  invite,
  startedMeeting,
  startRecording,
  stopRecording,
} from "./support/meetings.ts";
import { type Person, signIn } from "./support/person.ts";
import { roomToken, whipUrl } from "./support/publishing.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { until } from "./support/until.ts";

/** The system's own, for which its packages are. */
const python = "/usr/bin/python3";
const waitMs = 120_000;
const clients = [
  { name: "aiortc", program: "aiortcClient.py", imports: "import aiortc" },
  {
    name: "GStreamer",
    program: "gstreamerClient.py",
    imports: "import gi; gi.require_version('GstWebRTC', '1.0')",
  },
] as const;

/** A client that runs, and what it has printed. */
class Client {
  readonly #child: ChildProcess;
  #output = "";

  constructor(program: string, ...args: string[]) {
    const file = path.join(import.meta.dirname, "clients", program);
    this.#child = spawn(python, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    for (const out of [this.#child.stdout, this.#child.stderr])
      out?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
  }

  async says(...words: string[]): Promise<void> {
    await until(`it says ${words}`, waitMs, () => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the client has ended: ${this.#output}`);
      const lines = this.#output.split("\n");
      return words.every((word) => lines.includes(word));
    }).catch((error: Error) => {
      throw new Error(`${error.message}, instead of: ${this.#output}`);
    });
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }
}

for (const { name, program, imports } of clients) {
  const isThere = spawnSync(python, ["-c", imports]).status === 0;
  inBrowser(
    name,
    isThere ? python : undefined,
    `${name}, with a server that was set nothing`,
    () => {
      let site: Site;
      let server: ServerProcess;
      let host: Person;
      let meetingId: string;
      const running: Client[] = [];

      beforeAll(async () => {
        site = await openSite();
        server = await site.start();
        host = await signIn(server.url, "Ada");
        meetingId = await startedMeeting(host);
      });

      afterAll(async () => {
        for (const client of running) client.end();
        await site.close();
      });

      async function open(does: "publish" | "watch", person: Person): Promise<Client> {
        const whip = await whipUrl(server.url, person, meetingId);
        const url = does === "publish" ? whip : whip.replace(/whip$/, "whep");
        const client = new Client(program, does, url, await roomToken(person, meetingId));
        running.push(client);
        return client;
      }

      it("publishes, is recorded, and watches", async () => {
        const guest = await signIn(server.url, "Grace");
        await invite(host, guest, meetingId);
        const publisher = await open("publish", host);
        await publisher.says("connected");
        await (await open("watch", guest)).says("audio", "video");
        const { recordingId } = await startRecording(host, meetingId);
        await (await open("watch", guest)).says("audio", "video");
        await stopRecording(host, meetingId);
        const { tracks, gaps } = await hasEnded(host, recordingId);
        expect(gaps).toEqual([]);
        expect(tracks.map(({ kind }) => kind).sort()).toEqual(["audio", "video"]);
      });
    },
  );
}
