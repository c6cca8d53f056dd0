import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../config/paths.ts";
import { systemClock } from "../../core/clock.ts";
import { api } from "../../generated/api.ts";
import type { StreamEvent } from "../../synth/getstream/calls.ts";
import { sendDelivery } from "../../synth/getstream/deliveries.ts";
import { type GetStreamStandIn, startGetStreamStandIn } from "../../synth/getstream/server.ts";
import type { FilmSpec } from "../../synth/media/film.ts";
import { StreamApi } from "../../video/getstream/api.ts";
import { setUpHook } from "../../video/getstream/hooks.ts";
import type { DemoMeeting } from "./meeting.ts";
import type { DemoOptions } from "./options.ts";
import type { Output } from "./output.ts";
import type { Environment } from "./ownServer.ts";

/** From an accepted start until Stream records, and from the end until it has made the file, ms. */
const workMs = { capture: 1_000, file: 3_000 };
const pictures = {
  ...{ "360p": { width: 640, height: 360 }, "720p": { width: 1280, height: 720 } },
  "1080p": { width: 1920, height: 1080 },
};
const fps = 30;

/** A stand-in of Stream's cloud for the demo: people come in, it records, tells by webhook, and has a film. */
export class StreamCloud {
  readonly #standIn: GetStreamStandIn;
  readonly #film: Promise<Buffer>;

  private constructor(standIn: GetStreamStandIn, film: Promise<Buffer>) {
    this.#standIn = standIn;
    this.#film = film;
  }

  /** Starts it; its film is made meanwhile. */
  static async open(
    options: DemoOptions,
    output: Output,
    signal: AbortSignal,
  ): Promise<StreamCloud> {
    const standIn: GetStreamStandIn = await startGetStreamStandIn({
      ...{ captureAtOnce: false, filesAtOnce: false },
      onWork: (work, { id }) =>
        void setTimeout(() => void cloud.#finish(work, id), workMs[work]).unref(),
      onEvent: (event) => void cloud.#tell(event, output),
    });
    const film = makeFilm(options, signal);
    // Whoever waits for it is told; nobody may.
    film.catch(() => undefined);
    const cloud = new StreamCloud(standIn, film);
    return cloud;
  }

  /** What a server is told of it. */
  get settings(): Environment {
    const { apiKey, apiSecret, url } = this.#standIn;
    return {
      ...{ STREAM_API_KEY: apiKey, STREAM_API_SECRET: apiSecret, CONNVO_STREAM_BASE_URL: url },
    };
  }

  /** As `npm run getstream:setup` does it. */
  async tellsTo(serverUrl: string): Promise<void> {
    const { apiKey, apiSecret, url: baseUrl } = this.#standIn;
    const stream = new StreamApi({ apiKey, apiSecret, baseUrl, clock: systemClock });
    await setUpHook(stream, `${serverUrl}/webhooks/getstream`);
  }

  /** Everybody comes into the call, with the token that the server gave them. */
  async join({ people, meetingId, roomId }: DemoMeeting): Promise<void> {
    const { generateParticipantTokenPublic } = api.meetings.stream.index;
    for (const person of people) {
      const { userId } = await person.action(generateParticipantTokenPublic, { meetingId });
      this.#standIn.calls.users.set(userId, { id: userId, name: person.name });
      this.#standIn.calls.join(roomId, userId);
    }
  }

  close(): Promise<void> {
    return this.#standIn.close();
  }

  async #finish(work: "capture" | "file", callId: string): Promise<void> {
    const { calls } = this.#standIn;
    if (work === "capture") return calls.beginCapture(callId);
    this.#standIn.sendFiles({ content: await this.#film });
    calls.finishFiles(callId);
  }

  async #tell(event: StreamEvent, output: Output): Promise<void> {
    for (const hook of this.#standIn.calls.hooks) {
      const url = String(hook["webhook_url"]);
      const status = await sendDelivery(event, url, this.#standIn).catch(() => "no answer");
      output.line(`Webhook      ${event.type}: ${status}`);
    }
  }
}

async function makeFilm(
  { seconds, quality, audioOnly }: DemoOptions,
  signal: AbortSignal,
): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), "connvo-film-"));
  try {
    const file = path.join(folder, "film.mp4");
    const spec: FilmSpec = { seconds, fps, audioOnly, ...pictures[quality] };
    const program = path.join(projectRoot(), "dist", "filmProcess.js");
    const args = [program, JSON.stringify(spec), file];
    await promisify(execFile)(process.execPath, args, { signal });
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
