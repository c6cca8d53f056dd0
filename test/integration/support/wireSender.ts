import nodeDataChannel, { type PeerConnection, type Track } from "node-datachannel";
import { withoutCandidates } from "../../../src/synth/transport/peerOffer.ts";
import { Random } from "../../media/senders/random.ts";
import type { SenderScript } from "../../media/senders/script.ts";
import { payloadTypes, Sender } from "../../media/senders/sender.ts";
import { levelExtension } from "../../media/senders/trackSource.ts";
import type { VirtualTime } from "../../media/senders/virtualTime.ts";

type Kind = "audio" | "video";

/** A scripted sender on a real transport: what its network would deliver is sent by WebRTC. */
export class WireSender {
  readonly sender: Sender;
  #script: SenderScript;
  #connection: PeerConnection;
  #tracks: Record<Kind, Track>;
  #opened: Promise<unknown>;

  constructor(script: SenderScript, time: VirtualTime, lengthMs: number) {
    this.#script = script;
    this.#connection = new nodeDataChannel.PeerConnection(`sender-${script.participant}`, {
      iceServers: [],
      bindAddress: "127.0.0.1",
    });
    this.#tracks = { audio: this.#addTrack("audio"), video: this.#addTrack("video") };
    const tracks = Object.values(this.#tracks);
    this.#opened = Promise.all(
      tracks.map((track) => new Promise<void>((resolve) => track.onOpen(resolve))),
    );
    this.sender = new Sender({
      ...{ script, time, lengthMs, random: new Random(script.participant) },
      deliver: (kind, packet) => send(this.#tracks[kind], packet),
    });
    for (const kind of ["audio", "video"] as const)
      this.#tracks[kind].onMessage((rtcp) => this.sender.answer(kind, rtcp));
  }

  /** Makes the offer, hands it to `post`, takes the answer and waits for the transport. */
  async publish(post: (offer: string) => Promise<string>): Promise<void> {
    const gathered = new Promise<void>((resolve) => {
      this.#connection.onGatheringStateChange((state) => {
        if (state === "complete") resolve();
      });
    });
    this.#connection.setLocalDescription();
    await gathered;
    const answer = await post(this.#offer());
    this.#connection.setRemoteDescription(answer, "answer");
    await this.#opened;
  }

  stop(): void {
    this.sender.end();
    this.#connection.close();
  }

  #addTrack(kind: Kind): Track {
    const { numbers } = this.#script[kind];
    const { codec } = this.#script.video;
    const media =
      kind === "audio"
        ? new nodeDataChannel.Audio("a", "SendOnly")
        : new nodeDataChannel.Video("v", "SendOnly");
    const format = kind === "audio" ? payloadTypes.opus : payloadTypes[codec];
    if (media instanceof nodeDataChannel.Audio) media.addOpusCodec(format);
    else if (codec === "VP8") media.addVP8Codec(format);
    else media.addH264Codec(format);
    media.addSSRC(numbers.ssrc, "sender", "sender", `sender-${kind}`);
    if (kind === "audio") {
      media.parseSdpLine(`a=extmap:${levelExtension} urn:ietf:params:rtp-hdrext:ssrc-audio-level`);
      media.parseSdpLine(`a=rtcp-fb:${format} nack`);
    }
    return this.#connection.addTrack(media);
  }

  /** Offers no feedback that the sender does not answer. */
  #offer(): string {
    const { audio, video } = this.#script;
    const sections = withoutCandidates(this.#connection.localDescription()?.sdp ?? "").split(
      /(?=^m=)/m,
    );
    return sections
      .map((section) => {
        const isVideo = section.startsWith("m=video");
        const nack = isVideo ? video.nack : audio.nack;
        const pli = isVideo && video.answersAfterMs !== undefined;
        return section
          .replaceAll(/^a=rtcp-fb:\d+ nack\r\n/gm, (line) => (nack ? line : ""))
          .replaceAll(/^a=rtcp-fb:\d+ nack pli\r\n/gm, (line) => (pli ? line : ""));
      })
      .join("");
  }
}

function send(track: Track, packet: Buffer): void {
  try {
    if (track.isOpen()) track.sendMessageBinary(packet);
  } catch {
    // The other side closed meanwhile.
  }
}
