import type { MediaEnvironment } from "../environment.ts";
import type { MediaKind, MediaSource, Tracks } from "../publishSession.ts";
import type { Slot } from "../subscribeSession.ts";

/** Upper bounds of the video sent to one person, bit/s: an uplink carries it up to three times. */
const videoBitrate = { camera: 800_000, screen: 1_500_000 } as const;

/** The order of lines in an offer. */
const lines = [
  ["camera", "audio"],
  ["camera", "video"],
  ["screen", "audio"],
  ["screen", "video"],
] as const;

export type SourceTracks = Record<MediaSource, Tracks>;

/** The media lines of one connection: there from the start, so that tracks come and go without another offer. */
export class PeerLines {
  readonly #transceivers = new Map<string, RTCRtpTransceiver>();
  readonly #slots: Record<MediaSource, Slot | undefined>;

  /** Of the side that offers. */
  static offer(env: MediaEnvironment, peer: RTCPeerConnection): PeerLines {
    const streams = { camera: env.createStream([]), screen: env.createStream([]) };
    const transceivers = lines.map(([source, kind]) =>
      peer.addTransceiver(kind, { direction: "sendrecv", streams: [streams[source]] }),
    );
    return new PeerLines(env, transceivers);
  }

  /** Of the side that was offered something: the first line of each kind is the camera's, the second the screen's. */
  static adopt(env: MediaEnvironment, peer: RTCPeerConnection): PeerLines {
    const transceivers = peer.getTransceivers();
    for (const transceiver of transceivers) transceiver.direction = "sendrecv";
    const adopted = new PeerLines(env, transceivers);
    for (const source of ["camera", "screen"] as const) adopted.#join(env, source);
    return adopted;
  }

  private constructor(env: MediaEnvironment, transceivers: readonly RTCRtpTransceiver[]) {
    for (const [source, kind] of lines) {
      const ofKind = transceivers.filter(({ receiver }) => receiver.track.kind === kind);
      const transceiver = ofKind[source === "camera" ? 0 : 1];
      if (transceiver !== undefined) this.#transceivers.set(`${source} ${kind}`, transceiver);
    }
    this.#slots = { camera: this.#receive(env, "camera"), screen: this.#receive(env, "screen") };
  }

  /** What arrives of a source; undefined where the other side has no lines for it. */
  received(source: MediaSource): Slot | undefined {
    return this.#slots[source];
  }

  /** Sends these from now on. */
  async send(tracks: SourceTracks): Promise<void> {
    for (const [source, kind] of lines) {
      const sender = this.#find(source, kind)?.sender;
      const track = tracks[source][kind] ?? null;
      if (sender === undefined || sender.track === track) continue;
      await sender.replaceTrack(track);
      if (kind === "video" && track !== null) await limit(sender, source);
    }
  }

  #find(source: MediaSource, kind: MediaKind): RTCRtpTransceiver | undefined {
    return this.#transceivers.get(`${source} ${kind}`);
  }

  /** Sound and picture of one source are played in step. */
  #join(env: MediaEnvironment, source: MediaSource): void {
    const stream = env.createStream([]);
    for (const kind of ["audio", "video"] as const)
      this.#find(source, kind)?.sender.setStreams?.(stream);
  }

  #receive(env: MediaEnvironment, source: MediaSource): Slot | undefined {
    const streamOf = (kind: MediaKind) => {
      const track = this.#find(source, kind)?.receiver.track;
      return env.createStream(track === undefined ? [] : [track]);
    };
    if (!this.#find(source, "audio") && !this.#find(source, "video")) return undefined;
    return { audio: streamOf("audio"), video: streamOf("video") };
  }
}

async function limit(sender: RTCRtpSender, source: MediaSource): Promise<void> {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings ?? []) encoding.maxBitrate = videoBitrate[source];
  // Not every browser takes it; the defaults do as well.
  await sender.setParameters(parameters).catch(() => undefined);
}
