import { mkdir } from "node:fs/promises";
import path from "node:path";
import { processEntry, projectRoot } from "../src/config/paths.ts";
import { loadMediaLoop } from "../src/synth/media/encode.ts";
import type { MediaLoop } from "../src/synth/media/mediaLoop.ts";
import { postTo, WhepSubscriber } from "../src/synth/transport/whepSubscriber.ts";
import { WhipPublisher } from "../src/synth/transport/whipPublisher.ts";
import { ConnvoClient, type SignedIn } from "./connvoClient.ts";
import type { ConnvoServer } from "./connvoServer.ts";
import type { Stage } from "./stage.ts";

/** 4 s of 720p VP8 at 30 frames a second and 1.2 Mbit/s with Opus, one colour per participant. */
export async function loadLoops(count: number): Promise<MediaLoop[]> {
  const cacheDir = path.join(projectRoot(), "node_modules/.cache/connvo/media");
  await mkdir(cacheDir, { recursive: true });
  const encoderProgram = path.join(path.dirname(processEntry("roomProcess")), "encodeProcess.js");
  const loops: MediaLoop[] = [];
  for (let participant = 0; participant < count; participant++)
    loops.push(await loadMediaLoop({ participant }, { cacheDir, encoderProgram }));
  return loops;
}

/** A running meeting with its host and synthetic participants who publish by WHIP. */
export class LiveMeeting {
  readonly meetingId: string;
  readonly #client: ConnvoClient;
  readonly #url: string;
  readonly #host: SignedIn;
  readonly #publishers: WhipPublisher[] = [];
  /** By person: how to watch the room. */
  readonly #watching: { url: string; token: string }[] = [];

  private constructor(url: string, client: ConnvoClient, host: SignedIn, meetingId: string) {
    this.#url = url;
    this.#client = client;
    this.#host = host;
    this.meetingId = meetingId;
  }

  /** Opens a meeting of a new host; the host publishes the first loop, guests the others. Ended with the stage. */
  static async open(
    stage: Stage,
    { url }: ConnvoServer,
    name: string,
    loops: readonly MediaLoop[],
  ): Promise<LiveMeeting> {
    const client = new ConnvoClient(url);
    const host = await client.signIn(name);
    const request = { title: `Meeting of ${name}` };
    const { meetingId } = await client.call<{ meetingId: string }>(
      "meetings/lifecycle:createMeeting",
      request,
      host,
    );
    await client.call("meetings/lifecycle:startMeeting", { meetingId }, host);
    const meeting = new LiveMeeting(url, client, host, meetingId);
    stage.own(request.title, () => meeting.leave());
    await meeting.#bringIn(loops);
    return meeting;
  }

  /** Starts a recording. @returns its id */
  async startRecording(): Promise<string> {
    const { recordingId } = await this.#act<{ recordingId: string }>("startRecording");
    return recordingId;
  }

  async stopRecording(): Promise<void> {
    await this.#act("stopRecording");
  }

  /** Somebody else, who publishes nothing. */
  async bringGuest(name: string): Promise<SignedIn> {
    const guest = await this.#client.signIn(name);
    const args = { meetingId: this.meetingId };
    const invite = "meetings/invites:createInvite";
    const { secret } = await this.#client.call<{ secret: string }>(invite, args, this.#host);
    await this.#client.call("meetings/invites:acceptInvite", { secret }, guest);
    return guest;
  }

  /** Everybody watches everybody else; to be closed by the caller. */
  async watch(): Promise<WhepSubscriber[]> {
    const watchers: WhepSubscriber[] = [];
    for (const [index, { url, token }] of this.#watching.entries()) {
      const slots = Math.max(1, this.#watching.length - 1);
      const options = { name: `watcher-${index}`, post: postTo(url, token), slots };
      watchers.push(await WhepSubscriber.connect(options));
    }
    return watchers;
  }

  /** Everybody stops publishing; a repeat does nothing. */
  async leave(): Promise<void> {
    await Promise.all(this.#publishers.splice(0).map((publisher) => publisher.close()));
  }

  async #bringIn(loops: readonly MediaLoop[]): Promise<void> {
    const { secret } = await this.#client.call<{ secret: string }>(
      "meetings/invites:createInvite",
      { meetingId: this.meetingId, maxUses: loops.length },
      this.#host,
    );
    for (const [at, media] of loops.entries()) {
      const person = at === 0 ? this.#host : await this.#client.signIn(`${this.#host.name} ${at}`);
      if (at > 0) await this.#client.call("meetings/invites:acceptInvite", { secret }, person);
      await this.#publish(person, media);
    }
  }

  async #publish(person: SignedIn, media: MediaLoop): Promise<void> {
    const meetingId = this.meetingId;
    const { roomId } = await this.#room();
    const { token } = await this.#client.call<{ token: string }>(
      "meetings/stream/index:generateParticipantTokenPublic",
      { meetingId },
      person,
    );
    const url = `${this.#url}/rooms/${roomId}/whip`;
    this.#watching.push({ url: `${this.#url}/rooms/${roomId}/whep`, token });
    this.#publishers.push(await WhipPublisher.connect({ url, token, media }));
  }

  /** A room is opened soon after its meeting has started. */
  async #room(): Promise<{ roomId: string }> {
    const fn = "meetings/lifecycle:getMeetingConnectionInfo";
    for (let attempt = 0; ; attempt++) {
      try {
        const args = { meetingId: this.meetingId };
        const info = await this.#client.call<{ connectionInfo: { roomId: string } }>(
          fn,
          args,
          this.#host,
        );
        return info.connectionInfo;
      } catch (error) {
        if (attempt === 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  #act<T>(action: "startRecording" | "stopRecording"): Promise<T> {
    const args = { meetingId: this.meetingId };
    return this.#client.call<T>(`meetings/stream/index:${action}`, args, this.#host);
  }
}
