import path from "node:path";
import { loadConfig } from "../../config/config.ts";
import { projectRoot } from "../../config/paths.ts";
import { systemClock } from "../../core/clock.ts";
import { api } from "../../generated/api.ts";
import type { WhipPublisher } from "../../synth/transport/whipPublisher.ts";
import { encodeMedia, leaveAll, publishAll } from "./crew.ts";
import { DemoError } from "./demoError.ts";
import { download } from "./download.ts";
import { type DemoMeeting, holdMeeting, roomToken } from "./meeting.ts";
import type { DemoOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { type Environment, OwnServer } from "./ownServer.ts";
import { awaitReady, type DemoRun, recordFor, startRecording, stopRecording } from "./recording.ts";
import { reportLines } from "./report.ts";
import { StreamCloud } from "./streamCloud.ts";

export interface DemoSurroundings {
  environment: Environment;
  output: Output;
  signal: AbortSignal;
}

/** The whole demo. Leaves nothing running, whichever way it ends. @throws DemoError and the server's refusals */
export async function runDemo(options: DemoOptions, around: DemoSurroundings): Promise<void> {
  const { output, environment, signal } = around;
  if (options.url !== undefined) return demonstrate(options.url, options, around);
  const standsIn = options.video === "getstream" && !hasStreamKeys(environment);
  const cloud = standsIn ? await StreamCloud.open(options, output, signal) : undefined;
  try {
    await demonstrateHere(options, around, cloud);
  } finally {
    await cloud?.close();
  }
}

async function demonstrateHere(
  options: DemoOptions,
  around: DemoSurroundings,
  cloud: StreamCloud | undefined,
): Promise<void> {
  const { output } = around;
  output.line("Starting a server …");
  const server = await startServer(options, around, cloud);
  try {
    output.line(`Server       ${server.url} (for this demo only)`);
    if (cloud) output.line("Stream       a stand-in of its cloud: no STREAM_API_KEY is set");
    await cloud?.tellsTo(server.url);
    await demonstrate(server.url, options, around, cloud);
  } finally {
    await server.stop();
  }
}

function startServer(
  { video, composer }: DemoOptions,
  { environment, signal }: DemoSurroundings,
  cloud: StreamCloud | undefined,
): Promise<OwnServer> {
  return OwnServer.start({
    program: path.join(projectRoot(), "dist", "main.js"),
    environment,
    settings: {
      CONNVO_LOCAL_AUTH: "on",
      CONNVO_LOCAL_PLAN: "paid",
      ...(video === "embedded" && { STREAM_API_KEY: undefined, STREAM_API_SECRET: undefined }),
      ...(composer !== undefined && { CONNVO_COMPOSER: composer }),
      ...cloud?.settings,
    },
    clock: systemClock,
    signal,
  });
}

function hasStreamKeys(environment: Environment): boolean {
  const { streamApiKey, streamApiSecret } = loadConfig(environment);
  return streamApiKey !== undefined && streamApiSecret !== undefined;
}

async function demonstrate(
  url: string,
  options: DemoOptions,
  { output, signal }: DemoSurroundings,
  cloud?: StreamCloud,
): Promise<void> {
  const run = { clock: systemClock, signal, output };
  const meeting = await holdMeeting(url, options.participants, signal);
  output.line(`Meeting      ${meeting.meetingId}: ${listed(meeting)}`);
  try {
    const publishers = await fillRoom(url, meeting, options, run, cloud);
    try {
      await record(meeting, options, run, publishers);
    } finally {
      await leaveAll(publishers);
    }
  } finally {
    await endMeeting(meeting);
  }
}

const listed = ({ people }: DemoMeeting) => people.map(({ name }) => name).join(", ");

/** Synthetic participants speak WHIP, which Stream's rooms do not: there a person has to come in, unless the cloud is a stand-in. */
async function fillRoom(
  url: string,
  meeting: DemoMeeting,
  options: DemoOptions,
  { output, signal }: DemoRun,
  cloud: StreamCloud | undefined,
): Promise<WhipPublisher[]> {
  if (cloud) {
    await cloud.join(meeting);
    return [];
  }
  if (options.video === "getstream") {
    await explainStream(meeting, output);
    return [];
  }
  const bar = output.progress("Test media");
  const media = await encodeMedia(options.participants, options.codec, signal, (done) =>
    bar.update(done),
  ).finally(() => bar.stop());
  const publishers = await publishAll(url, meeting, media, signal);
  output.line(
    `Publishing   ${publishers.length} × ${options.codec} 1280x720 30 fps and Opus, by WHIP`,
  );
  return publishers;
}

async function explainStream({ host, meetingId, roomId }: DemoMeeting, output: Output) {
  output.line("Stream records only while somebody is in the call. Join it now with Stream's SDK:");
  output.line(`Call         ${roomId}`);
  output.line(`Token        ${await roomToken(host, meetingId)}`);
  output.line("Waiting for somebody to come in …");
}

async function record(
  meeting: DemoMeeting,
  options: DemoOptions,
  run: DemoRun,
  publishers: readonly WhipPublisher[],
): Promise<void> {
  const { clock, signal, output } = run;
  const started = await startRecording(meeting, options, run, options.video === "getstream");
  output.line(`Recording    ${started.recordingId}`);
  await recordFor(options.seconds, run);
  const stop = await stopRecording(meeting, started.recordingId, run);
  const stopped = clock.now();
  await leaveAll(publishers);
  const recording = await awaitReady(meeting, started.recordingId, run);
  const compose = clock.now() - stopped;
  const file = options.out ?? defaultFile(recording.recordingId, options.audioOnly);
  const saved = await download(started.recordingUrl, meeting.host.token, file, signal);
  if (recording.sha256 !== undefined && recording.sha256 !== saved.sha256)
    throw new DemoError(`${file} is not what the server composed: its SHA-256 differs.`);
  output.line("");
  const times = { start: started.tookMs, stop, compose };
  for (const line of reportLines(recording, saved, times)) output.line(line);
}

function defaultFile(recordingId: string, audioOnly: boolean): string {
  return path.join("connvo-demo", `${recordingId}.${audioOnly ? "m4a" : "mp4"}`);
}

/** Also stops a recording that an interrupted demo left running. Best effort: the outcome is known already. */
async function endMeeting({ host, meetingId }: DemoMeeting): Promise<void> {
  await host.mutation(api.meetings.lifecycle.endMeeting, { meetingId }).catch(() => undefined);
}
