import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { ConvexError } from "convex/values";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeTime } from "../../../test/support/patience.ts";
import { systemClock } from "../../core/clock.ts";
import { WhipError } from "../../synth/transport/whipError.ts";
import { DemoError, explain, refusalCode } from "./demoError.ts";
import { download } from "./download.ts";
import { type DemoOptions, demoCommand } from "./options.ts";
import { createOutput } from "./output.ts";
import { OwnServer } from "./ownServer.ts";
import type { RecordingDetail } from "./recording.ts";
import { reportLines } from "./report.ts";
import { poll } from "./waiting.ts";

takeTime();

const { signal } = new AbortController();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "connvo-demo-test-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe("the command line", () => {
  const parsed = async (...args: string[]): Promise<DemoOptions> => {
    let options: DemoOptions | undefined;
    const command = demoCommand(async (given) => {
      options = given;
    });
    await command
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .parseAsync(["node", "demo", ...args]);
    if (!options) throw new Error("the demo was not run");
    return options;
  };

  it("has a default for everything", async () => {
    expect(await parsed()).toEqual({
      participants: 2,
      seconds: 15,
      layout: "grid",
      quality: "720p",
      audioOnly: false,
      video: "embedded",
      codec: "VP8",
    });
  });

  it("takes what is given", async () => {
    const args = "--participants 3 --seconds 5 --layout spotlight --quality 360p --audio-only";
    const more = "--url http://127.0.0.1:3210/ --codec h264 --composer ffmpeg --out a.m4a";
    expect(await parsed(...args.split(" "), ...more.split(" "))).toEqual({
      participants: 3,
      seconds: 5,
      layout: "spotlight",
      quality: "360p",
      audioOnly: true,
      video: "embedded",
      codec: "H264",
      url: "http://127.0.0.1:3210",
      composer: "ffmpeg",
      out: "a.m4a",
    });
  });

  it.each([
    ["--participants", "9"],
    ["--participants", "1.5"],
    ["--seconds", "0"],
    ["--layout", "circle"],
    ["--quality", "4k"],
    ["--codec", "av1"],
    ["--url", "ftp://somewhere"],
    ["--video", "zoom"],
  ])("refuses %s %s", async (option, value) => {
    await expect(parsed(option, value)).rejects.toThrow();
  });
});

describe("errors", () => {
  it("of the server are told with code, message and facts", () => {
    const error = new ConvexError({ code: "CONFLICT", message: "Busy", metadata: { id: "r1" } });
    expect(explain(error)).toBe('The server refused with CONFLICT: Busy {"id":"r1"}');
    expect(refusalCode(error)).toBe("CONFLICT");
  });

  it("of others are told in their own words", () => {
    expect(explain(new DemoError("No server"))).toBe("No server");
    expect(explain(new WhipError("refused", "401 Unauthorized"))).toBe(
      "Publishing failed: 401 Unauthorized",
    );
    expect(refusalCode(new Error("?"))).toBeUndefined();
  });
});

describe("progress", () => {
  it("is a line for every quarter where there is no terminal", () => {
    const stream = new PassThrough();
    const bar = createOutput(stream).progress("Composing");
    for (const done of [0, 0.1, 0.26, 0.3, 0.8, 1]) bar.update(done, "now");
    bar.stop();
    expect(String(stream.read()).trimEnd().split("\n")).toEqual([
      "Composing      0%  now",
      "Composing     25%  now",
      "Composing     75%  now",
      "Composing    100%  now",
    ]);
  });
});

describe("waiting", () => {
  it("ends with the first answer", async () => {
    let asked = 0;
    const ask = async () => (++asked === 3 ? "there" : undefined);
    expect(await poll(ask, { clock: systemClock, signal, everyMs: 1, forMs: 60_000 })).toBe(
      "there",
    );
  });

  it("ends when time is up, and at once when aborted", async () => {
    const never = async () => undefined;
    const limits = { clock: systemClock, everyMs: 1, forMs: 5 };
    expect(await poll(never, { ...limits, signal })).toBeUndefined();
    await expect(poll(never, { ...limits, signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe("downloading", () => {
  let server: Server;

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const serve = async (answer: RequestListener): Promise<string> => {
    server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/r.mp4`;
  };

  it("saves the file, with its size and checksum, in a folder it makes", async () => {
    const url = await serve((request, response) => response.end(request.headers.authorization));
    const file = path.join(folder, "new", "r.mp4");
    expect(await download(url, "token", file, signal)).toEqual({
      file,
      sizeBytes: 12,
      sha256: "b22ac30e61f624d5d9ecfaec62edc932976e15d2f1599809297f5422ed3b396b",
    });
    expect(await readFile(file, "utf8")).toBe("Bearer token");
  });

  it("refuses an answer without a file", async () => {
    const url = await serve((_request, response) => response.writeHead(409).end());
    await expect(download(url, "t", path.join(folder, "r.mp4"), signal)).rejects.toThrow("409");
    expect(await readdir(folder)).toEqual([]);
  });

  it("leaves nothing of a file that was cut short", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("some");
      setImmediate(() => response.destroy());
    });
    await expect(download(url, "t", path.join(folder, "r.mp4"), signal)).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("an own server", () => {
  const program = async (source: string): Promise<string> => {
    const file = path.join(folder, "main.mjs");
    await writeFile(file, source);
    return file;
  };

  const start = async (source: string, environment = {}) =>
    OwnServer.start({
      program: await program(source),
      environment,
      settings: { TAKEN_AWAY: undefined },
      clock: systemClock,
      signal,
    });

  const fake = `
    import { createServer } from "node:http";
    const shown = { ...process.env };
    createServer((request, response) => response.end(JSON.stringify(shown)))
      .listen(Number(process.env.PORT), process.env.HOST);
    process.on("SIGTERM", () => process.exit());`;

  it("is told its address and a folder of its own, which goes with it", async () => {
    const server = await start(fake, { TAKEN_AWAY: "1", KEPT: "1" });
    const env = (await (await fetch(server.url)).json()) as Record<string, string>;
    expect(env).toMatchObject({ KEPT: "1", HOST: "127.0.0.1", CONNVO_PUBLIC_URL: server.url });
    expect(env).not.toHaveProperty("TAKEN_AWAY");
    const dataDir = env["CONNVO_DATA_DIR"] ?? "";
    expect(await readdir(dataDir)).toEqual([]);
    await server.stop();
    await expect(readdir(dataDir)).rejects.toThrow("ENOENT");
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it("leaves a data folder that was chosen", async () => {
    const server = await start(fake, { CONNVO_DATA_DIR: folder });
    const env = (await (await fetch(server.url)).json()) as Record<string, string>;
    expect(env["CONNVO_DATA_DIR"]).toBe(folder);
    await server.stop();
    expect(await readdir(folder)).toEqual(["main.mjs"]);
  });

  it("that ends while starting is reported with its last words", async () => {
    const failing = `process.stderr.write("connvo: no database\\n"); process.exitCode = 1;`;
    await expect(start(failing)).rejects.toThrow(/ended while starting.*no database/s);
  });

  it("that is gone before its last words have come is waited for", async () => {
    const late = `setTimeout(() => console.error("connvo: no database"), 500)`;
    const failing = `
      import { spawn } from "node:child_process";
      spawn(process.execPath, ["-e", ${JSON.stringify(late)}], { stdio: "inherit" });
      process.exit(1);`;
    await expect(start(failing)).rejects.toThrow(/ended while starting.*no database/s);
  });
});

it("the report names what was recorded", () => {
  const recording = {
    recordingId: "recording_1",
    recordingUrl: "http://127.0.0.1/recordings/recording_1.mp4",
    durationMs: 5000,
    gaps: [],
    probe: {
      durationMs: 5010,
      expectedDurationMs: 5000,
      sizeBytes: 1_500_000,
      container: "mp4",
      video: {
        codec: "h264",
        width: 1280,
        height: 720,
        frameRate: 30,
        frames: 150,
        durationMs: 5000,
      },
      audio: { codec: "aac", sampleRate: 48_000, channels: 2, durationMs: 5010 },
      avOffsetMs: 3.4,
      faststart: true,
      problems: ["silent"],
    },
  } as unknown as RecordingDetail;
  const saved = { file: "a.mp4", sizeBytes: 1_500_000, sha256: "abc" };
  const lines = reportLines(recording, saved, { start: 30, stop: 20, compose: 2500 });
  expect(lines).toEqual([
    "Recording    recording_1",
    "URL          http://127.0.0.1/recordings/recording_1.mp4",
    "File         a.mp4",
    "Size         1.50 MB (1500000 bytes)",
    "SHA-256      abc",
    "Duration     5.01 s (recorded 5.00 s)",
    "Video        h264, 1280x720, 30 fps, 150 frames",
    "Audio        aac, 48 kHz, 2 channels",
    "A/V offset   3 ms",
    "Problem      silent",
    "Calls        start 30 ms, stop 20 ms",
    "Composed in  2.5 s, 2.0 times real time",
  ]);
});
