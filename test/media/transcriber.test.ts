import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import type { SpeechEngine } from "../../src/media/transcribe/port.ts";
import type { Heard } from "../../src/media/transcribe/protocol.ts";
import { Transcriber } from "../../src/media/transcribe/transcriber.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { takeTime } from "../support/patience.ts";

takeTime();

/** A speech process that does this with what it is told. */
async function transcriberWith(
  body: string,
  { hungAfterMs = 60_000, engine }: { hungAfterMs?: number; engine?: SpeechEngine } = {},
): Promise<Transcriber> {
  const entry = path.join(await scratchFolder("connvo-transcriber-"), "speech.mjs");
  await writeFile(entry, `process.on("message", (request) => { ${body} });`);
  return new Transcriber({ entry, log: silentLog, hungAfterMs, engine });
}

const capture = { recordingId: "r1", captureDir: "/captures/r1", heard: {} };
const never = new AbortController().signal;
const hear = (text: string) =>
  `process.send({ type: "heard", recordingId: request.recordingId, lines: [], heard: { t: ${text} }, notUnderstood: [] });`;
const finish = `process.send({ type: "finished", recordingId: request.recordingId, unheard: [{ trackId: "t2", reason: "no media" }] });`;
const ifAsked = (body: string) => `if (request.type === "listen") { ${body} }`;

it("what is heard is taken one after another, before the end", async () => {
  const transcriber = await transcriberWith(ifAsked(hear("1") + hear("2") + finish));
  const taken: unknown[] = [];
  const slow = async ({ heard }: Heard) => {
    await new Promise((resolve) => setImmediate(resolve));
    taken.push(heard["t"]);
  };
  expect(await transcriber.listen(capture, slow, never)).toEqual([
    { trackId: "t2", reason: "no media" },
  ]);
  expect(taken).toEqual([1, 2]);
});

it("where it cannot be taken, nothing more is", async () => {
  const transcriber = await transcriberWith(ifAsked(hear("1") + hear("2") + finish));
  const taken: unknown[] = [];
  const refuse = async ({ heard }: Heard) => {
    taken.push(heard["t"]);
    throw new Error("deleted");
  };
  await expect(transcriber.listen(capture, refuse, never)).rejects.toThrow("deleted");
  expect(taken).toEqual([1]);
});

it("a process that dies ends what was listened to, and another listens to the next", async () => {
  const transcriber = await transcriberWith(
    ifAsked(
      `if (request.recordingId === "r1") process.exit(3); if (request.recordingId === "r2") ${finish}`,
    ),
  );
  const both = await Promise.allSettled(
    ["r0", "r1"].map((recordingId) =>
      transcriber.listen({ ...capture, recordingId }, async () => undefined, never),
    ),
  );
  for (const one of both)
    expect(one).toMatchObject({ reason: { message: expect.stringContaining("exit code 3") } });
  const next = { ...capture, recordingId: "r2" };
  expect(await transcriber.listen(next, async () => undefined, never)).toHaveLength(1);
});

it("a process that says nothing is killed", async () => {
  const transcriber = await transcriberWith("", { hungAfterMs: 300 });
  const heard = transcriber.listen(capture, async () => undefined, never);
  await expect(heard).rejects.toThrow("SIGKILL");
});

it("nobody listens any more after the signal", async () => {
  const transcriber = await transcriberWith("");
  const stop = new AbortController();
  const heard = transcriber.listen(capture, async () => undefined, stop.signal);
  stop.abort();
  expect(await heard).toEqual([]);
  expect(await transcriber.listen(capture, async () => undefined, stop.signal)).toEqual([]);
});

/** A speech process that has its parent understand two bytes, and fails with what that says. */
const askParent = `
  if (request.type === "listen") {
    if (process.argv[2] !== "parent-engine") process.exit(4);
    process.send({ type: "understand", id: 1, sound: "AAE=" });
  }
  if (request.type === "answer")
    process.send({ type: "failed", recordingId: "r1", reason: JSON.stringify(request) });`;

it("speech is understood by the engine that is given, and its failures are told", async () => {
  const understood = { text: "Hello.", confidence: 0.9, language: "en" };
  const asked: string[] = [];
  const knowing = await transcriberWith(askParent, {
    engine: {
      understand: async (sound) => {
        asked.push(sound.toString("hex"));
        return understood;
      },
    },
  });
  await expect(knowing.listen(capture, async () => undefined, never)).rejects.toThrow(
    JSON.stringify({ type: "answer", id: 1, understood }),
  );
  expect(asked).toEqual(["0001"]);
  const failing = await transcriberWith(askParent, {
    engine: { understand: () => Promise.reject(new Error("out of order")) },
  });
  await expect(failing.listen(capture, async () => undefined, never)).rejects.toThrow(
    JSON.stringify({ type: "answer", id: 1, error: "out of order" }),
  );
});
