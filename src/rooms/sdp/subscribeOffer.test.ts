import { describe, expect, test } from "vitest";
import { readSubscription } from "./subscribeOffer.ts";

const transport = [
  "c=IN IP4 0.0.0.0",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901",
  "a=fingerprint:sha-256 AB:CD",
  "a=setup:actpass",
  "a=candidate:1 1 UDP 1 10.0.0.1 9 typ host",
];
const audio = (mid: string, direction = "recvonly") => [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0",
  ...transport,
  `a=mid:${mid}`,
  `a=${direction}`,
  "a=extmap:4 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:5 urn:ietf:params:rtp-hdrext:sdes:mid",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:63 red/48000/2",
  "a=rtpmap:0 PCMU/8000",
];
const video = (mid: string) => [
  "m=video 9 UDP/TLS/RTP/SAVPF 102 108 96 97",
  ...transport,
  `a=mid:${mid}`,
  "a=recvonly",
  "a=rtpmap:102 H264/90000",
  "a=fmtp:102 packetization-mode=1;profile-level-id=640c1f",
  "a=rtpmap:108 H264/90000",
  "a=fmtp:108 packetization-mode=1;profile-level-id=42e01f",
  "a=rtpmap:96 VP8/90000",
  "a=rtcp-fb:96 nack",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
];
const channel = (mid: string) => [
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  ...transport,
  `a=mid:${mid}`,
  "a=sctp-port:5000",
];
const offer = (...sections: string[][]) =>
  [
    "v=0",
    "o=- 1 2 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${sections
      .flat()
      .flatMap((line) => /^a=mid:(.*)/.exec(line)?.[1] ?? [])
      .join(" ")}`,
    ...sections.flat(),
    "",
  ].join("\r\n");
const reasonOf = (text: string) => {
  const result = readSubscription(text);
  return result.ok ? undefined : result.error.metadata?.["reason"];
};

describe("a browser's offer", () => {
  const result = readSubscription(offer(audio("0"), video("1"), channel("2")));
  if (!result.ok) throw result.error;
  const { sdp, lines } = result.value;

  test("becomes lines with one format of each codec, the simplest H.264 profile of them", () => {
    expect(lines).toEqual([
      {
        mid: "0",
        kind: "audio",
        formats: [{ codec: "opus", payloadType: 111, parameters: "minptime=10;useinbandfec=1" }],
        audioLevelId: 4,
        nack: false,
      },
      {
        mid: "1",
        kind: "video",
        formats: [
          {
            codec: "H264",
            payloadType: 108,
            parameters: "packetization-mode=1;profile-level-id=42e01f",
          },
          { codec: "VP8", payloadType: 96 },
        ],
        audioLevelId: 0,
        nack: false,
      },
    ]);
  });

  test("is handed on without candidates, retransmission streams and other codecs", () => {
    expect(sdp).toContain("a=group:BUNDLE 0 1 2\r\n");
    expect(sdp).toContain("m=video 9 UDP/TLS/RTP/SAVPF 108 96\r\n");
    expect(sdp).toContain("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    expect(sdp).not.toMatch(/candidate|rtx|red|PCMU|sdes/);
  });
});

test("a line that wants lost audio again says so", () => {
  const result = readSubscription(offer([...audio("0"), "a=rtcp-fb:111 nack"]));
  expect(result.ok && result.value.lines[0]?.nack).toBe(true);
});

describe("is refused", () => {
  test.each([
    ["nothing but a channel", offer(channel("0")), "no_media"],
    ["two channels", offer(audio("0"), channel("1"), channel("2")), "unsupported_media"],
    ["a line that sends", offer(audio("0", "sendonly")), "not_receiving"],
    ["no codec in common", offer(audio("0").slice(0, -4)), "no_usable_codec"],
    ["a mid twice", offer(audio("0"), video("0")), "sdp_malformed"],
    ["no mid", offer(audio("0").filter((line) => !line.startsWith("a=mid"))), "sdp_malformed"],
    ["no fingerprint", offer(audio("0").filter((line) => !/finger/.test(line))), "sdp_malformed"],
    [
      "too many slots",
      offer(...Array.from({ length: 17 }, (_, index) => audio(String(index)))),
      "too_many_tracks",
    ],
    [
      "a channel of another kind",
      offer(audio("0"), ["m=application 9 TCP x", ...channel("1").slice(1)]),
      "unsupported_media",
    ],
    ["a huge offer", `v=0\r\n${"a=x\r\n".repeat(60_000)}`, "sdp_too_large"],
    ["garbage", "hello", "sdp_malformed"],
  ])("%s", (_, text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });
});
