import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../core/errors.ts";
import { orThrow } from "../../../core/result.ts";
import { completeAnswer } from "./answer.ts";
import { maxOfferBytes, reduceOffer } from "./offer.ts";

const transport = [
  "c=IN IP4 0.0.0.0",
  "a=candidate:1 1 udp 2113937151 1f2e.local 54321 typ host generation 0",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901",
  "a=ice-options:trickle",
  `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
  "a=setup:actpass",
];
const audio = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 13 110",
  ...transport,
  "a=mid:0",
  "a=extmap:14 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  "a=sendrecv",
  "a=msid:stream track",
  "a=rtcp-mux",
  "a=rtpmap:111 opus/48000/2",
  "a=rtcp-fb:111 transport-cc",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:63 red/48000/2",
  "a=ssrc:1001 cname:x",
];
const video = [
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103",
  ...transport,
  "a=mid:1",
  "a=extmap:3 urn:3gpp:video-orientation",
  "a=sendonly",
  "a=rtcp-mux",
  "a=rtcp-rsize",
  "a=rtpmap:96 VP8/90000",
  "a=rtcp-fb:96 goog-remb",
  "a=rtcp-fb:96 transport-cc",
  "a=rtcp-fb:96 nack",
  "a=rtcp-fb:96 nack pli",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "a=rtpmap:102 H264/90000",
  "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
  "a=rtpmap:103 rtx/90000",
  "a=ssrc-group:FID 2001 2002",
  "a=ssrc:2001 cname:x",
  "a=ssrc:2002 cname:x",
];
const session = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"];
const offer = (...lines: string[][]): string =>
  [...session, "a=group:BUNDLE 0 1", ...lines.flat()].join("\r\n").concat("\r\n");
const without = (lines: string[], pattern: RegExp): string[] =>
  lines.filter((line) => !pattern.test(line));

function refusal(sdp: string): AppError {
  const result = reduceOffer(sdp);
  if (result.ok) throw new Error("the offer was taken");
  return result.error;
}

describe("a browser's offer", () => {
  const { sdp, lines } = orThrow(reduceOffer(offer(audio, video)));

  test("becomes one codec a line", () => {
    expect(lines).toEqual([
      {
        mid: "0",
        kind: "audio",
        codec: "opus",
        payloadType: 111,
        clockRate: 48_000,
        audioLevelId: 14,
        transportSequenceId: 2,
      },
      {
        mid: "1",
        kind: "video",
        codec: "VP8",
        payloadType: 96,
        clockRate: 90_000,
        audioLevelId: 0,
        transportSequenceId: 0,
      },
    ]);
    expect(sdp).toContain("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
  });

  test("keeps feedback we send and loses what we do not speak", () => {
    expect(sdp).toContain("a=rtcp-fb:96 nack pli\r\n");
    expect(sdp).toContain("a=rtcp-fb:96 goog-remb\r\n");
    expect(sdp).toContain(
      "a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n",
    );
    expect(sdp).toContain("a=rtcp-fb:111 transport-cc\r\n");
    expect(sdp).not.toMatch(/rtx|red\/|video-orientation|rsize|ssrc-group|2002/);
  });

  test("never leads us to a foreign address", () => {
    expect(sdp).not.toMatch(/candidate|\.local/);
  });

  test("only sends", () => {
    expect(sdp.match(/^a=sendonly/gm)).toHaveLength(2);
    expect(sdp).not.toMatch(/sendrecv/);
  });
});

test("the publisher's preferred video codec is taken", () => {
  const preferring = video.map((line) =>
    line.replace("SAVPF 96 97 102 103", "SAVPF 102 103 96 97"),
  );
  expect(orThrow(reduceOffer(offer(audio, preferring))).lines[1]).toMatchObject({
    codec: "H264",
    payloadType: 102,
  });
});

test("lines may end with a newline alone", () => {
  expect(reduceOffer(offer(audio, video).replaceAll("\r\n", "\n")).ok).toBe(true);
});

test.each([
  ["audio alone", [audio]],
  ["video alone", [video]],
  [
    "two cameras",
    [audio, video, video.map((line) => line.replace("mid:1", "mid:2").replaceAll("200", "300"))],
  ],
])("%s is taken", (_, lines) => {
  expect(orThrow(reduceOffer(offer(...lines))).lines).toHaveLength(lines.length);
});

const third = (mid: number): string[] => video.map((line) => line.replace("mid:1", `mid:${mid}`));
test.each([
  ["nothing", "", "sdp_malformed"],
  ["no SDP", "hello", "sdp_malformed"],
  ["JSON", '{"type":"offer"}', "sdp_malformed"],
  ["no media", offer(), "no_media"],
  ["too much", offer(audio, [`a=x:${"y".repeat(maxOfferBytes)}`]), "sdp_too_large"],
  ["no credentials", offer(without(audio, /ice-pwd/)), "sdp_malformed"],
  ["no fingerprint", offer(without(audio, /fingerprint/)), "sdp_malformed"],
  ["no mid", offer(without(audio, /mid:/)), "sdp_malformed"],
  [
    "the same mid twice",
    offer(
      audio,
      video.map((line) => line.replace("mid:1", "mid:0")),
    ),
    "sdp_malformed",
  ],
  [
    "media that is not sent",
    offer(
      audio,
      video.map((line) => line.replace("sendonly", "recvonly")),
    ),
    "not_sending",
  ],
  [
    "VP9 and AV1 only",
    offer(video.map((line) => line.replace(/VP8|H264/, "VP9"))),
    "no_usable_codec",
  ],
  [
    "H.264 in mode 0 only",
    offer(without(video, /:96|=96/).map((line) => line.replace("mode=1", "mode=0"))),
    "no_usable_codec",
  ],
  ["PCM only", offer(audio.map((line) => line.replace("opus", "PCMU"))), "no_usable_codec"],
  ["three cameras", offer(video, third(2), third(3)), "too_many_tracks"],
  [
    "two microphones",
    offer(
      audio,
      audio.map((line) => line.replace("mid:0", "mid:2")),
    ),
    "too_many_tracks",
  ],
  [
    "a data channel",
    offer([...audio.map((line) => line.replace("m=audio", "m=application"))]),
    "unsupported_media",
  ],
  ["simulcast", offer(audio, [...video, "a=rid:hi send", "a=simulcast:send hi"]), "simulcast"],
  ["sources it does not announce", offer(audio, without(video, /ssrc/)), "ssrc_missing"],
  [
    "lines that are not bundled",
    offer(audio, video).replace("a=group:BUNDLE 0 1\r\n", ""),
    "bundle_required",
  ],
])("an offer of %s is refused", (_, sdp, reason) => {
  const error = refusal(sdp);
  expect(error.code).toBe("VALIDATION_ERROR");
  expect(error.metadata).toEqual({ field: "sdp", reason });
});

test("no text makes the reduction throw", () => {
  const parts = offer(audio, video).split("\r\n");
  const mangled = fc
    .array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 40 })), { maxLength: 60 })
    .map((lines) => ["v=0", ...lines].join("\r\n"));
  fc.assert(
    fc.property(mangled, (sdp) => {
      const result = reduceOffer(sdp);
      expect(result.ok || result.error instanceof AppError).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe("an answer", () => {
  const answer = [
    "v=0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=candidate:1 1 UDP 2122317823 10.0.0.5 3478 typ host",
    "a=candidate:2 1 UDP 2122317822 172.17.0.1 3478 typ host",
    "a=end-of-candidates",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=rtpmap:96 VP8/90000",
    "",
  ].join("\r\n");

  test("tells browsers the bit rate to start at", () => {
    expect(completeAnswer(answer, { startKbps: 1500 })).toContain(
      "a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=1500;x-google-min-bitrate=150\r\n",
    );
    const parameters = answer.replace(
      "VP8/90000",
      "H264/90000\r\na=fmtp:96 profile-level-id=42001f",
    );
    expect(completeAnswer(parameters, { startKbps: 1500 })).toContain(
      "a=fmtp:96 profile-level-id=42001f;x-google-start-bitrate=1500;x-google-min-bitrate=150\r\n",
    );
  });

  test("names the public address alone where there is one", () => {
    const completed = completeAnswer(answer, { startKbps: 1, publicAddress: "203.0.113.7" });
    expect(completed.match(/^a=candidate.*/gm)).toEqual([
      "a=candidate:1 1 UDP 2122317823 203.0.113.7 3478 typ host",
    ]);
  });
});
