import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type GetStreamStandIn, startGetStreamStandIn } from "../../src/synth/getstream/server.ts";
import { sentences, voicesInstalled, wordErrorRate } from "../media/support/spoken.ts";
import { spokenFile } from "../media/support/spokenFile.ts";
import { scratchFolder } from "../support/evidence/scratchFolder.ts";
import { takeTime } from "../support/patience.ts";
import { speechStandIn } from "../support/speechStandIn.ts";
import { createMeeting, type RecordingDetail, type Started, stream } from "./support/meetings.ts";
import { type Person, refusalOf, signIn } from "./support/person.ts";
import { killAll } from "./support/processes.ts";
import type { ServerProcess } from "./support/server.ts";
import { openSite, type Site } from "./support/site.ts";
import { joinStreamCall } from "./support/stream.ts";
import { eventually, until } from "./support/until.ts";

takeTime();

interface Line {
  text: string;
  startMs: number;
  speakerId?: string;
}

interface Status {
  state: string;
  mixedSound?: boolean;
}

const said = [
  ["youngMan", 1_000],
  ["coldHearted", 8_000],
  ["amiable", 34_000],
] as const;
const ask = "transcripts/actions:transcribeRecording";
let site: Site;
let server: ServerProcess;
let cloud: GetStreamStandIn;
let host: Person;
let meetingId: string;
let recordingId: string;

const isHere = voicesInstalled || process.env["CI"] === "true";

describe.runIf(isHere)("what is said in a file that Stream has made", () => {
  beforeAll(async () => {
    const film = path.join(await scratchFolder("connvo-stream-"), "film.mp4");
    spokenFile(film, 40, said);
    cloud = await startGetStreamStandIn({ content: readFileSync(film) });
    site = await openSite();
    await record();
  });
  afterAll(async () => {
    await site?.close();
    await cloud?.close();
  });

  /** A host's recording at Stream, on a new server. */
  async function record(settings: Record<string, string> = {}): Promise<void> {
    server = await site.start({
      STREAM_API_KEY: cloud.apiKey,
      STREAM_API_SECRET: cloud.apiSecret,
      CONNVO_STREAM_BASE_URL: cloud.url,
      ...settings,
    });
    host = await signIn(server.url, "Alice");
    meetingId = await createMeeting(host);
    await host.mutation("meetings/lifecycle:startMeeting", { meetingId });
    await joinStreamCall(cloud, host, meetingId);
    const started = await host.action<Started>(`${stream}:startRecording`, { meetingId });
    recordingId = started.recordingId;
  }

  const stopRecording = async () => {
    await host.action(`${stream}:stopRecording`, { meetingId });
    await until("its file is here", 60_000, async () => (await detail()).state === "ready");
  };
  const allWasHeard = () =>
    until("all was heard", 120_000, async () => {
      const status = "transcripts/queries:getTranscriptStatus";
      const { state } = await host.query<Status>(status, { meetingId, recordingId });
      return state === "complete";
    });
  const detail = () =>
    host.query<RecordingDetail>("recordings/queries:getRecording", { recordingId });
  const lines = () =>
    host.mutation<Line[]>("transcripts/ingestion:getTranscriptChunks", { meetingId, limit: 200 });

  it("is not written down while it is recorded", async () => {
    expect(await refusalOf(host.action(ask, { recordingId }))).toMatchObject({ code: "CONFLICT" });
    await stopRecording();
    expect(await lines()).toEqual([]);
  });

  it("is written down once a host asks, word by word, without a name, though the recognition is killed", async () => {
    expect(await host.action<Status>(ask, { recordingId })).toMatchObject({
      ...{ state: "running", mixedSound: true },
    });
    const listening = await eventually("somebody listens", 60_000, async () => {
      const found = await site.processes("speech");
      return found.length > 0 ? found : undefined;
    });
    await killAll(listening);
    await host.action(ask, { recordingId });
    await allWasHeard();
    const found = (await lines()).sort((a, b) => a.startMs - b.startMs);
    const text = said.map(([sentence]) => sentences[sentence]).join(" ");
    expect(wordErrorRate(found.map((line) => line.text).join(" "), text)).toBeLessThan(0.05);
    expect(found.map(({ speakerId }) => speakerId)).toEqual(said.map(() => undefined));
    const { startedAt = 0 } = await detail();
    for (const [index, [, atMs]] of said.entries())
      expect(Math.abs((found[index]?.startMs ?? 0) - startedAt - atMs)).toBeLessThan(500);
  });

  it("is not written down twice", async () => {
    expect(await host.action<Status>(ask, { recordingId })).toMatchObject({ state: "complete" });
    expect(await lines()).toHaveLength(said.length);
  });

  it("is understood by a speech model elsewhere where one is configured, also after that failed", async () => {
    await server.stop();
    let asked = 0;
    const engine = await speechStandIn(() =>
      ++asked === 1 ? { status: 503 } : { text: `Satz ${asked}.`, language: "german" },
    );
    onTestFinished(() => engine.close());
    await record({
      CONNVO_TRANSCRIPTION_BASE_URL: engine.baseUrl,
      CONNVO_TRANSCRIPTION_MODEL: "tiny-1",
      CONNVO_TRANSCRIPTION_API_KEY: "key-of-the-tests",
    });
    await stopRecording();
    await host.action(ask, { recordingId });
    await allWasHeard();
    expect((await lines()).map(({ text }) => text)).toEqual(["Satz 2.", "Satz 3.", "Satz 4."]);
    expect(new Set(engine.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer key-of-the-tests"]),
    );
    // No stretch is longer than a sentence.
    for (const { file } of engine.requests) expect(file.length).toBeLessThan(20 * 32_000);
  });
});
