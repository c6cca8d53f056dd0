import type { RoomAccess } from "./access.ts";
import type { MediaEnvironment } from "./environment.ts";
import type { Loss, Session } from "./link.ts";
import { PeerWatch } from "./peerWatch.ts";
import { hangUp, isForgotten, type OpenedSession, postOffer } from "./signalling.ts";

export type MediaSource = "camera" | "screen";
export type MediaKind = "audio" | "video";
export type Tracks = Partial<Record<MediaKind, MediaStreamTrack>>;

/** Upper bounds of what is sent, bit/s: a screen needs more for its text. */
const videoBitrate = { camera: 1_700_000, screen: 2_500_000 } as const;

export interface PublishOptions {
  env: MediaEnvironment;
  access: RoomAccess;
  source: MediaSource;
  tracks: Tracks;
  signal: AbortSignal;
  onLost: (why: Loss) => void;
}

/** One WHIP session. Both kinds have a line from the start, so that tracks come and go without a new offer. */
export class PublishSession implements Session {
  readonly #env: MediaEnvironment;
  readonly #peer: RTCPeerConnection;
  readonly #watch: PeerWatch;
  readonly #senders: Record<MediaKind, RTCRtpSender>;
  readonly #onLost: (why: Loss) => void;
  #opened: OpenedSession | undefined;

  /** Resolves once media flows. @throws ApiError as the server refuses */
  static async open(options: PublishOptions): Promise<PublishSession> {
    const session = new PublishSession(options);
    try {
      await session.#connect(options);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private constructor({ env, access, source, tracks, onLost }: PublishOptions) {
    this.#env = env;
    this.#onLost = onLost;
    this.#peer = env.createPeer({ iceServers: access.iceServers, bundlePolicy: "max-bundle" });
    this.#watch = new PeerWatch(env, this.#peer, onLost);
    const stream = env.createStream(Object.values(tracks));
    const add = (kind: MediaKind) =>
      this.#peer.addTransceiver(tracks[kind] ?? kind, { direction: "sendonly", streams: [stream] });
    const [audio, video] = [add("audio"), add("video")];
    preferVp8(video, env.videoCodecs());
    this.#senders = { audio: audio.sender, video: video.sender };
    void limitVideo(video.sender, source);
  }

  /** As the server names it; undefined until it has. */
  get id(): string | undefined {
    return this.#opened?.sessionUrl.split("/").at(-1);
  }

  /** Sends another track, or none, in place of what was sent. */
  async replace(kind: MediaKind, track: MediaStreamTrack | undefined): Promise<void> {
    const sender = this.#senders[kind];
    if (sender.track === (track ?? null)) return;
    await sender.replaceTrack(track ?? null);
  }

  /** Gives the session up if the server knows nothing of it any more. */
  async check(): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined || !(await isForgotten(this.#env, opened))) return;
    if (this.#opened !== opened) return;
    this.#opened = undefined;
    this.#onLost("silent");
  }

  close(): void {
    this.#watch.stop();
    if (this.#opened === undefined || this.#watch.lost) this.#peer.close();
    else hangUp(this.#env, this.#peer, this.#opened);
    this.#opened = undefined;
  }

  async #connect({ access, source, signal }: PublishOptions): Promise<void> {
    await this.#peer.setLocalDescription();
    const url = `${access.roomUrl}/whip${source === "screen" ? "?source=screen" : ""}`;
    const sdp = this.#peer.localDescription?.sdp ?? "";
    const { token } = access;
    const { answer, sessionUrl } = await postOffer(this.#env, { url, token, sdp }, signal);
    this.#opened = { sessionUrl, token };
    await this.#peer.setRemoteDescription({ type: "answer", sdp: answer });
    this.#watch.watchTransport(this.#senders.audio.transport);
    await this.#watch.connected;
  }
}

/** Every browser decodes it cheaply, and it changes size inside the stream. */
function preferVp8(transceiver: RTCRtpTransceiver, codecs: RTCRtpCodec[]): void {
  const rank = ({ mimeType }: { mimeType: string }) => (mimeType === "video/VP8" ? 0 : 1);
  if (codecs.length > 0)
    transceiver.setCodecPreferences([...codecs].sort((a, b) => rank(a) - rank(b)));
}

async function limitVideo(sender: RTCRtpSender, source: MediaSource): Promise<void> {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings ?? []) encoding.maxBitrate = videoBitrate[source];
  parameters.degradationPreference = source === "screen" ? "maintain-resolution" : "balanced";
  // Not every browser takes all of it; the defaults do as well.
  await sender.setParameters(parameters).catch(() => undefined);
}
