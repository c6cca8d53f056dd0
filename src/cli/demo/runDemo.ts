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

export interface DemoSurroundings {
  environment: Environment;
  output: Output;
  signal: AbortSignal;
}

/** The whole demo. Leaves nothing running, whichever way it ends. @throws DemoError and the server's refusals */
export async function runDemo(options: DemoOptions, around: DemoSurroundings): Promise<void> {
  const { output } = around;
  if (options.url !== undefined) return demonstrate(options.url, options, around);
  output.line("Starting a server …");
  const server = await startServer(options, around);
  try {
    output.line(`Server       ${server.url} (for this demo only)`);
    await demonstrate(server.url, options, around);
  } finally {
    await server.stop();
  }
}

async function startServer(
  { video, composer }: DemoOptions,
  { environment, signal }: DemoSurroundings,
): Promise<OwnServer> {
  if (video === "getstream") requireStreamKeys(environment);
  return OwnServer.start({
    program: path.join(projectRoot(), "dist", "main.js"),
    environment,
    settings: {
      CONNVO_LOCAL_AUTH: "on",
      CONNVO_LOCAL_PLAN: "paid",
      ...(video === "embedded" && { STREAM_API_KEY: undefined, STREAM_API_SECRET: undefined }),
      ...(composer !== undefined && { CONNVO_COMPOSER: composer }),
    },
    clock: systemClock,
    signal,
  });
}

function requireStreamKeys(environment: Environment): void {
  const { streamApiKey, streamApiSecret } = loadConfig(environment);
  if (streamApiKey === undefined || streamApiSecret === undefined)
    throw new DemoError(
      "--video getstream needs an account: set STREAM_API_KEY and STREAM_API_SECRET, and run the demo again.",
    );
}

async function demonstrate(
  url: string,
  options: DemoOptions,
  { output, signal }: DemoSurroundings,
): Promise<void> {
  const run = { clock: systemClock, signal, output };
  const meeting = await holdMeeting(url, options.participants, signal);
  output.line(`Meeting      ${meeting.meetingId}: ${listed(meeting)}`);
  try {
    const publishers = await fillRoom(url, meeting, options, run);
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

/** Synthetic participants speak WHIP, which Stream's rooms do not: there a person has to come in. */
async function fillRoom(
  url: string,
  meeting: DemoMeeting,
  options: DemoOptions,
  { output, signal }: DemoRun,
): Promise<WhipPublisher[]> {
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
