import nodeDataChannel, { type PeerConnection, type Track } from "node-datachannel";
import { withoutCandidates } from "../../../src/synth/transport/peerOffer.ts";

const formats = { audio: 111, video: 96 } as const;
type Kind = keyof typeof formats;

/** A publisher that means harm: its packets are well-formed, and what they say makes no sense or is far too much. */
export class FloodPublisher {
  #connection: PeerConnection;
  #tracks: Record<Kind, Track>;
  #sequence: Record<Kind, number> = { audio: 0, video: 0 };
  #ssrc: Record<Kind, number> = { audio: 11, video: 12 };
  #opened: Promise<unknown>;

  private constructor() {
    this.#connection = new nodeDataChannel.PeerConnection("flood", {
      iceServers: [],
      bindAddress: "127.0.0.1",
    });
    this.#tracks = { audio: this.#add("audio"), video: this.#add("video") };
    this.#opened = Promise.all(
      Object.values(this.#tracks).map(
        (track) => new Promise<void>((resolve) => track.onOpen(resolve)),
      ),
    );
  }

  /** `post` takes the offer and gives the answer. */
  static async connect(post: (offer: string) => Promise<string>): Promise<FloodPublisher> {
    const flood = new FloodPublisher();
    const connection = flood.#connection;
    const gathered = new Promise<void>((resolve) => {
      connection.onGatheringStateChange((state) => {
        if (state === "complete") resolve();
      });
    });
    connection.setLocalDescription();
    await gathered;
    const answer = await post(withoutCandidates(connection.localDescription()?.sdp ?? ""));
    connection.setRemoteDescription(answer, "answer");
    await flood.#opened;
    return flood;
  }

  /**
   * Sends so many packets of sound, each of three bytes and with another time, and between them key pictures of
   * 16,000 × 16,000 px and pictures of many bytes.
   */
  async send(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const jump = index % 2 === 0 ? 0 : 1_000_000_000;
      this.#send("audio", index * 960 + jump, Buffer.of(0xf8, 0xff, 0xfe));
      if (index % 100 === 0) this.#send("video", index * 3000, hugeKeyPicture());
      if (index % 4 === 0) this.#send("video", index * 3000 + 1500, manyBytes);
      if (index % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  stop(): void {
    this.#connection.close();
  }

  #add(kind: Kind): Track {
    const media =
      kind === "audio"
        ? new nodeDataChannel.Audio("a", "SendOnly")
        : new nodeDataChannel.Video("v", "SendOnly");
    if (media instanceof nodeDataChannel.Audio) media.addOpusCodec(formats.audio);
    else media.addVP8Codec(formats.video);
    media.addSSRC(this.#ssrc[kind], "flood", "flood", `flood-${kind}`);
    const track = this.#connection.addTrack(media);
    track.onMessage(() => undefined);
    return track;
  }

  #send(kind: Kind, timestamp: number, payload: Buffer): void {
    const header = Buffer.alloc(12);
    header.writeUInt8(0x80, 0);
    header.writeUInt8(0x80 | formats[kind], 1);
    header.writeUInt16BE(this.#sequence[kind]++ & 0xffff, 2);
    header.writeUInt32BE(timestamp % 2 ** 32, 4);
    header.writeUInt32BE(this.#ssrc[kind], 8);
    try {
      this.#tracks[kind].sendMessageBinary(Buffer.concat([header, payload]));
    } catch {
      // The other side closed meanwhile.
    }
  }
}

function hugeKeyPicture(): Buffer {
  const payload = Buffer.alloc(60, 7);
  payload.writeUInt8(0x10, 0);
  payload.writeUInt8(0x10, 1);
  payload.writeUIntBE(0x9d012a, 4, 3);
  payload.writeUInt16LE(16_000, 7);
  payload.writeUInt16LE(16_000, 9);
  return payload;
}

/** A picture that refers to others. */
const manyBytes = Buffer.concat([Buffer.of(0x10, 0x11), Buffer.alloc(1100, 7)]);
