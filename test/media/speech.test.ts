import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { CaptureListener } from "../../src/media/speech/captureListener.ts";
import { Recognition } from "../../src/media/speech/recognition.ts";
import type { HeardLine } from "../../src/media/transcribe/protocol.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { takeTime } from "../support/patience.ts";
import { buildCapture } from "./support/captureBuilder.ts";
import type { CaptureScript } from "./support/captureScript.ts";
import { sentences, speech, voicesInstalled, wordErrorRate } from "./support/spoken.ts";
import { randomOf } from "./support/voices.ts";

takeTime();

const recognition = new Recognition();

async function captured(script: CaptureScript) {
  const captureDir = path.join(await scratchFolder("connvo-speech-"), "capture");
  return { captureDir, startedAt: await buildCapture(captureDir, script) };
}

/** All that is heard; somebody else goes on after every `steps` looks. */
async function listenTo(captureDir: string, steps = Number.POSITIVE_INFINITY) {
  const lines: HeardLine[] = [];
  let heard: Record<string, number> = {};
  let notUnderstood = 0;
  for (;;) {
    const listener = new CaptureListener({ recordingId: "r", captureDir, heard }, recognition);
    for (let step = 0; step < steps; step++) {
      const found = await listener.listen();
      lines.push(...found.lines);
      notUnderstood += found.notUnderstood.length;
      heard = listener.heard;
      if (!found.isOver) continue;
      const { unheard } = listener;
      listener.close();
      lines.sort((a, b) => a.startMs - b.startMs);
      return { lines, notUnderstood, unheard };
    }
    listener.close();
  }
}

const textOf = (lines: HeardLine[], userId: string) =>
  lines
    .filter((line) => line.userId === userId)
    .map(({ text }) => text)
    .join(" ");
const audio = { only: "audio", fromMs: 0 } as const;

describe.skipIf(!voicesInstalled && !process.env["CI"])("what is said", () => {
  it("is heard word by word, each from who said it, also at the same time, at its place", async () => {
    const said = [
      ["ann", "leisure", 1_000],
      ["bob", "youngMan", 3_000],
      ["cyd", "coldHearted", 2_000],
      ["dan", "amiable", 9_000],
    ] as const;
    const { captureDir, startedAt } = await captured({
      durationMs: 15_000,
      publications: said.map(([participant, sentence, atMs]) => ({
        ...{ ...audio, participant, toMs: 15_000, media: speech(15, [[sentence, atMs]]) },
      })),
    });
    const { lines, notUnderstood } = await listenTo(captureDir);
    for (const [participant, sentence, atMs] of said) {
      expect(wordErrorRate(textOf(lines, participant), sentences[sentence])).toBeLessThan(0.05);
      const first = lines.find(({ userId }) => userId === participant);
      expect(Math.abs((first?.startMs ?? 0) - startedAt - atMs)).toBeLessThan(500);
    }
    expect(notUnderstood).toBe(0);
    expect(Math.min(...lines.map(({ confidence }) => confidence))).toBeGreaterThan(0.5);
  });

  it("is the same however often somebody else had to go on", async () => {
    const media = speech(75, [
      ["youngMan", 1_000],
      ["amiable", 33_000],
      ["coldHearted", 64_000],
    ]);
    const { captureDir } = await captured({
      durationMs: 75_000,
      publications: [{ ...audio, participant: "ann", toMs: 75_000, media }],
    });
    const whole = await listenTo(captureDir);
    const text = `${sentences.youngMan} ${sentences.amiable} ${sentences.coldHearted}`;
    expect(wordErrorRate(textOf(whole.lines, "ann"), text)).toBeLessThan(0.05);
    const inParts = await listenTo(captureDir, 2);
    expect(textOf(inParts.lines, "ann")).toBe(textOf(whole.lines, "ann"));
  });

  it("is there from its first word after a long silence, and pauses of the recording stay out of its time", async () => {
    const media = speech(80, [
      ["youngMan", 1_000],
      ["amiable", 70_000],
    ]);
    const { captureDir, startedAt } = await captured({
      durationMs: 80_000,
      pauses: [{ fromMs: 20_000, toMs: 40_000 }],
      publications: [{ ...audio, participant: "ann", toMs: 80_000, media }],
    });
    const { lines } = await listenTo(captureDir);
    expect(wordErrorRate(lines.at(-1)?.text ?? "", sentences.amiable)).toBeLessThan(0.05);
    // Lines are told by the time of day, where the pause is as long as it was.
    expect(Math.abs((lines.at(-1)?.startMs ?? 0) - startedAt - 70_000)).toBeLessThan(500);
  });
});

describe.skipIf(!voicesInstalled && !process.env["CI"])(
  "what is said around something else",
  () => {
    it("ends where the recording is paused, not after it", async () => {
      const { captureDir, startedAt } = await captured({
        durationMs: 40_000,
        pauses: [{ fromMs: 6_000, toMs: 30_000 }],
        publications: [
          { ...audio, participant: "ann", toMs: 40_000, media: speech(40, [["leisure", 1_000]]) },
        ],
      });
      const { lines } = await listenTo(captureDir);
      expect(lines.length).toBeGreaterThan(0);
      for (const { startMs, endMs } of lines) {
        expect(startMs).toBeGreaterThan(startedAt + 900);
        expect(endMs).toBeLessThan(startedAt + 7_000);
      }
    });

    it("is heard beside a track that cannot be read, which is told of", async () => {
      const media = speech(6, [["youngMan", 1_000]]);
      const { captureDir } = await captured({
        durationMs: 6_000,
        publications: ["ann", "bob"].map((participant) => ({
          ...{ ...audio, participant, toMs: 6_000, media },
        })),
      });
      const [first = ""] = (await readdir(captureDir)).filter((name) => name.endsWith(".webm"));
      await writeFile(path.join(captureDir, first), "no media");
      const { lines, unheard } = await listenTo(captureDir);
      expect(lines.map(({ userId }) => userId)).toEqual(["bob"]);
      expect(unheard).toEqual([{ trackId: "track0001", reason: "no media" }]);
    });
  },
);

it("nothing is made up where nobody speaks: silence, noise, hum and clicks", async () => {
  const random = randomOf(7);
  const noises: [string, (index: number) => number][] = [
    ["silence", () => 0],
    ["noise", () => 0.05 * random()],
    ["hum", (index) => 0.2 * Math.sin((2 * Math.PI * 50 * index) / 48_000)],
    ["clicks", (index) => (index % 12_000 < 40 ? 0.5 * random() : 0)],
  ];
  const { captureDir } = await captured({
    durationMs: 60_000,
    publications: noises.map(([participant, beside]) => ({
      ...{ ...audio, participant, toMs: 60_000, media: speech(60, [], beside) },
    })),
  });
  expect((await listenTo(captureDir)).lines).toEqual([]);
});
