import type { VideoCodec } from "../media/mediaLoop.ts";
import { Audio, PeerConnection, RtcpNackResponder, type Track, Video } from "./webrtc.ts";

export const audioPayloadType = 111;
export const videoPayloadType = 96;

const audioLevelUri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const offeredAudioLevelId = 1;

/** Packets kept for retransmission: two seconds of video at 1.2 Mbit/s. */
const retransmissionPackets = 512;

export interface OfferOptions {
  name: string;
  codec: VideoCodec;
  audioSsrc: number;
  videoSsrc: number;
  /** Only this local address is used. */
  bindAddress?: string;
}

/** A connection that offers one audio and one video stream. */
export interface PeerOffer {
  connection: PeerConnection;
  audio: Track;
  video: Track;
  /** SDP without candidates: the server hears from us first and answers to where it heard it from. */
  sdp: string;
  /** Settles with the connection's last state: disconnected, failed or closed. */
  lost: Promise<string>;
  /** Native objects that must live as long as the connection. */
  keepAlive: unknown;
}

/**
 * Opens a connection and gathers its candidates. The library lets go of what keeps a process alive when it reports
 * the end of a track or a connection, so both are listened to from the beginning.
 */
export async function offerMedia(options: OfferOptions): Promise<PeerOffer> {
  const { name, bindAddress } = options;
  const connection = new PeerConnection(name, {
    iceServers: [],
    disableAutoNegotiation: true,
    ...(bindAddress !== undefined && { bindAddress }),
  });
  const audio = connection.addTrack(audioDescription(options));
  const video = connection.addTrack(videoDescription(options));
  const responders = [audio, video].map((track) => {
    const responder = new RtcpNackResponder(retransmissionPackets);
    track.setMediaHandler(responder);
    track.onClosed(() => undefined);
    return responder;
  });
  const lost = lossOf(connection);
  const sdp = withoutCandidates(await gathered(connection));
  return { connection, audio, video, sdp, lost, keepAlive: responders };
}

/** Closes everything native. */
export function closePeer({ audio, video, connection }: PeerOffer): void {
  for (const track of [audio, video]) track.close();
  connection.close();
}

function lossOf(connection: PeerConnection): Promise<string> {
  return new Promise((resolve) => {
    connection.onStateChange((state) => {
      if (["disconnected", "failed", "closed"].includes(state)) resolve(state);
    });
  });
}

function audioDescription({ name, audioSsrc }: OfferOptions): Audio {
  const audio = new Audio("0", "SendOnly");
  audio.addOpusCodec(audioPayloadType, "minptime=10;useinbandfec=1;usedtx=1");
  audio.addSSRC(audioSsrc, name, name, `${name}-audio`);
  audio.parseSdpLine(`a=extmap:${offeredAudioLevelId} ${audioLevelUri}`);
  return audio;
}

function videoDescription({ name, codec, videoSsrc }: OfferOptions): Video {
  const video = new Video("1", "SendOnly");
  if (codec === "VP8") video.addVP8Codec(videoPayloadType);
  else video.addH264Codec(videoPayloadType, h264Parameters);
  video.addSSRC(videoSsrc, name, name, `${name}-video`);
  return video;
}

/** Constrained baseline, level 3.1. */
const h264Parameters = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1";

function gathered(connection: PeerConnection): Promise<string> {
  return new Promise((resolve, reject) => {
    connection.onGatheringStateChange((state) => {
      if (state !== "complete") return;
      const description = connection.localDescription();
      if (description) resolve(description.sdp);
      else reject(new Error("the connection made no offer"));
    });
    connection.setLocalDescription("offer");
  });
}

/**
 * An offer without its candidates. A server that knew them would begin before its answer is here: the library then takes
 * the handshake for a stranger's, because it has not seen the fingerprint yet, and closes.
 */
export function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=(candidate:|end-of-candidates).*\r?\n/gm, "");
}

/** Id of the audio-level extension the answer agreed to. */
export function audioLevelId(answer: string): number | undefined {
  const line = answer.split(/\r?\n/).find((text) => {
    return text.startsWith("a=extmap:") && text.endsWith(` ${audioLevelUri}`);
  });
  return line === undefined ? undefined : Number.parseInt(line.slice("a=extmap:".length), 10);
}
