import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
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
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
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
  "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
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
  "a=rtcp-fb:102 nack pli",
  "a=rtpmap:103 rtx/90000",
  "a=ssrc-group:FID 2001 2002",
  "a=ssrc:2001 cname:x",
  "a=ssrc:2002 cname:x",
];
const channel = [
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  ...transport,
  "a=mid:c",
  "a=sctp-port:5000",
];
const simulcast = [
  ...video.filter((line) => !line.includes("ssrc")),
  "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  "a=rid:hi send",
  "a=rid:lo send",
  "a=simulcast:send hi;lo",
];

const as = (lines: string[], mid: string): string[] =>
  lines.map((line) => (line.startsWith("a=mid:") ? `a=mid:${mid}` : line));
const without = (lines: string[], pattern: RegExp): string[] =>
  lines.filter((line) => !pattern.test(line));
const preferring = (formats: string): string[] =>
  video.map((line) => line.replace("SAVPF 96 97 102 103", `SAVPF ${formats}`));
const session = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"];
/** Bundles all of the lines. */
const offer = (...lines: string[][]): string => {
  const mids = lines.flat().flatMap((line) => /^a=mid:(.*)/.exec(line)?.[1] ?? []);
  return [...session, `a=group:BUNDLE ${mids.join(" ")}`, ...lines.flat(), ""].join("\r\n");
};
const taken = (...lines: string[][]) => orThrow(reduceOffer(offer(...lines)));
/** Mid of each line of the offer, or why it is refused. */
const outcome = (...lines: string[][]) =>
  taken(...lines).answered.map(({ mid, refused }) => refused ?? mid);

function refusal(sdp: string): AppError {
  const result = reduceOffer(sdp);
  if (result.ok) throw new Error("the offer was taken");
  return result.error;
}

describe("a browser's offer", () => {
  const { sdp, lines, routing, answered } = taken(audio, video);

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
        retransmits: false,
      },
      {
        mid: "1",
        kind: "video",
        codec: "VP8",
        payloadType: 96,
        clockRate: 90_000,
        audioLevelId: 0,
        transportSequenceId: 0,
        retransmits: true,
      },
    ]);
  });

  test("is answered with feedback we send, without what we do not speak", () => {
    expect(answered).toEqual([
      {
        ...{ kind: "audio", protocol: "UDP/TLS/RTP/SAVPF", mid: "0", format: "111" },
        attributes: [
          "mid:0",
          "recvonly",
          "rtcp-mux",
          "extmap:14 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
          "extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
          "extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
          "rtpmap:111 opus/48000/2",
          "fmtp:111 minptime=10;useinbandfec=1",
          "rtcp-fb:111 transport-cc",
        ],
      },
      {
        ...{ kind: "video", protocol: "UDP/TLS/RTP/SAVPF", mid: "1", format: "96" },
        attributes: [
          "mid:1",
          "recvonly",
          "rtcp-mux",
          "extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
          "rtpmap:96 VP8/90000",
          "rtcp-fb:96 nack",
          "rtcp-fb:96 nack pli",
          "rtcp-fb:96 goog-remb",
          "rtcp-fb:96 transport-cc",
        ],
      },
    ]);
  });

  test("reaches the transport as one line that only sends, and never leads us to a foreign address", () => {
    expect(sdp.match(/^m=.*/gm)).toEqual(["m=audio 9 UDP/TLS/RTP/SAVPF 111"]);
    expect(sdp).toContain("a=sendonly\r\n");
    expect(sdp).not.toMatch(/candidate|\.local|recv|ssrc/);
  });

  test("tells the SSRCs of media, not those of retransmission, and the MID's extension", () => {
    expect(routing.midExtensionId).toBe(4);
    expect([...routing.announced]).toEqual([
      [1001, "0"],
      [2001, "1"],
    ]);
  });
});

describe("lines are taken or refused one by one", () => {
  test.each([
    ["audio alone", [audio], ["0"]],
    ["video alone", [video], ["1"]],
    ["no announced SSRC", [without(audio, /ssrc/), without(video, /ssrc/)], ["0", "1"]],
    ["two cameras", [audio, video, as(video, "2")], ["0", "1", "too_many_tracks"]],
    ["two microphones", [audio, as(audio, "2"), video], ["0", "too_many_tracks", "1"]],
    ["a data channel in front", [channel, audio, video], ["unsupported_media", "0", "1"]],
    ["simulcast", [audio, simulcast], ["0", "1"]],
    [
      "a line that receives",
      [audio, video.map((line) => line.replace("sendonly", "recvonly"))],
      ["0", "not_sending"],
    ],
    [
      "a disabled line",
      [audio, video.map((line) => line.replace("m=video 9", "m=video 0"))],
      ["0", "not_sending"],
    ],
    [
      "an unknown codec before a known one",
      [preferring("97"), as(video, "2")],
      ["no_usable_codec", "2"],
    ],
    ["a line without mid", [audio, without(video, /mid:/)], ["0", "sdp_malformed"]],
    ["an unknown kind", [["m=image 9 udptl t38", "a=mid:f"], audio], ["unsupported_media", "0"]],
    [
      "another protocol",
      [audio.map((line) => line.replace("UDP/TLS/RTP/SAVPF", "TCP/MSRP")), video],
      ["unsupported_media", "1"],
    ],
  ])("in an offer with %s", (_, lines, expected) => {
    expect(outcome(...lines)).toEqual(expected);
  });

  test("those outside of the bundle would need another transport", () => {
    const apart = offer(audio, video).replace("a=group:BUNDLE 0 1\r\n", "");
    expect(orThrow(reduceOffer(apart)).answered.map(({ refused }) => refused)).toEqual([
      undefined,
      "bundle_required",
    ]);
  });

  test("those that are only bundled need no port and no transport of their own", () => {
    const bundleOnly = without(video, /ice-|fingerprint|setup/).map((line) =>
      line.replace("m=video 9", "m=video 0"),
    );
    expect(outcome(audio, [...bundleOnly, "a=bundle-only"])).toEqual(["0", "1"]);
    const { sdp } = taken(channel, [...bundleOnly, "a=bundle-only"]);
    expect(sdp).toContain("a=ice-ufrag:abcd\r\n");
    expect(sdp).toContain("a=fingerprint:sha-256 AB:");
  });

  test("and the session's direction holds for those without one", () => {
    const receiving = offer(without(audio, /sendrecv/), video).replace(
      "t=0 0",
      "t=0 0\r\na=recvonly",
    );
    expect(orThrow(reduceOffer(receiving)).lines.map(({ mid }) => mid)).toEqual(["1"]);
  });
});

describe("an H.264 line", () => {
  const sets = (value: string) =>
    taken(
      preferring("102").map((line) =>
        line.replace("mode=1", `mode=1;sprop-parameter-sets=${value}`),
      ),
    );

  test("is taken where the publisher prefers it, and promises only what was offered", () => {
    expect(taken(audio, preferring("102 103 96 97")).lines[1]).toMatchObject({
      codec: "H264",
      payloadType: 102,
      retransmits: false,
    });
  });

  test("hands on the parameter sets it tells of, which are no business of the answer", () => {
    const { lines, answered } = sets("Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==");
    expect(lines[0]?.parameterSets?.map((set) => set.toString("hex"))).toEqual([
      "6742c01ed903c56840000003004000000c03c58b92",
      "68cb8cb2",
    ]);
    expect(answered[0]?.attributes).toContain(
      "fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
    );
  });

  test.each([
    ["none", ""],
    ["no base64", "Z0LA*HtkD,=,%%"],
    ["other NAL units", "ZYiEAA==,Bv//"],
    ["a forbidden bit", "5+LAHg=="],
    ["one that is too large", `Z0LA${"A".repeat(2000)}`],
  ])("ignores parameter sets that are %s", (_, value) => {
    expect(sets(value).lines[0]).not.toHaveProperty("parameterSets");
  });

  test("takes a bounded number of them", () => {
    expect(sets(Array(200).fill("aMuMsg==").join(",")).lines[0]?.parameterSets).toHaveLength(16);
  });
});

describe("the MID extension", () => {
  const numbered = (lines: string[], id: number) =>
    lines.map((line) => line.replace("extmap:4 ", `extmap:${id} `));

  test.each([
    ["is not agreed on by lines that number it differently", [audio, numbered(video, 5)], 0],
    ["is not another line's other extension", [numbered(audio, 3), without(video, /extmap:4/)], 0],
    ["has no number that is reserved", [numbered(audio, 15)], 0],
    ["has no number that is out of range", [numbered(audio, 4100)], 0],
    ["may be missing on a line", [audio, without(video, /extmap:4/)], 4],
    ["does not depend on refused lines", [audio, [...channel, "a=extmap:4 urn:other"]], 4],
  ])("%s", (_, lines, id) => {
    const { routing, answered } = taken(...lines);
    expect(routing.midExtensionId).toBe(id);
    const said = answered.flatMap(({ attributes }) => attributes).join();
    expect(said.includes("sdes:mid")).toBe(id > 0);
  });
});

test("announced SSRCs are bounded, and belong to the first line that names them", () => {
  const many = Array.from({ length: 500 }, (_, i) => `a=ssrc:${i + 1} cname:x`);
  const { announced } = taken([...audio, ...many], [...video, ...many]).routing;
  expect(announced.size).toBeLessThanOrEqual(16);
  expect(announced.get(1)).toBe("0");
});

test("lines may end with a newline alone", () => {
  expect(reduceOffer(offer(audio, video).replaceAll("\r\n", "\n")).ok).toBe(true);
});

test.each([
  ["nothing", "", "sdp_malformed"],
  ["no SDP", "hello", "sdp_malformed"],
  ["JSON", '{"type":"offer"}', "sdp_malformed"],
  ["no media", offer(), "no_media"],
  ["too much", offer(audio, [`a=x:${"y".repeat(maxOfferBytes)}`]), "sdp_too_large"],
  [
    "more lines than anybody has",
    offer(...Array.from({ length: 65 }, (_, i) => as(channel, `${i}`))),
    "too_many_tracks",
  ],
  ["no credentials", offer(without(audio, /ice-pwd/)), "sdp_malformed"],
  ["no fingerprint", offer(without(audio, /fingerprint/)), "sdp_malformed"],
  ["no mid", offer(without(audio, /mid:/)), "sdp_malformed"],
  ["the same mid twice", offer(audio, as(video, "0")), "sdp_malformed"],
  [
    "media that is not sent",
    offer(video.map((line) => line.replace("sendonly", "inactive"))),
    "not_sending",
  ],
  [
    "VP9 and AV1 only",
    offer(video.map((line) => line.replace(/VP8|H264/, "VP9"))),
    "no_usable_codec",
  ],
  [
    "H.264 in interleaved mode only",
    offer(without(video, /:96|=96/).map((line) => line.replace("mode=1", "mode=2"))),
    "no_usable_codec",
  ],
  ["PCM only", offer(audio.map((line) => line.replace("opus", "PCMU"))), "no_usable_codec"],
  ["a data channel only", offer(channel), "unsupported_media"],
  [
    "a data channel and PCM",
    offer(
      channel,
      audio.map((line) => line.replace("opus", "PCMU")),
    ),
    "no_usable_codec",
  ],
])("an offer of %s is refused", (_, sdp, reason) => {
  const error = refusal(sdp);
  expect(error.code).toBe("VALIDATION_ERROR");
  expect(error.metadata).toEqual({ field: "sdp", reason });
});

test("a refusal names what is offered instead", () => {
  const { message } = refusal(
    offer(without(video, /:102|:103/).map((line) => line.replace("VP8", "VP9"))),
  );
  expect(message).toBe(
    "The video line offers no VP8 or H.264 (packetization mode 0 or 1), only VP9.",
  );
});

test.each(["packetization-mode=0;", ""])(
  "H.264 of a sender that knows mode 0 only is taken: %j",
  (mode) => {
    const { lines, answered } = taken(
      without(video, /:96|=96/).map((line) => line.replace("packetization-mode=1;", mode)),
    );
    expect(lines).toMatchObject([{ codec: "H264", payloadType: 102 }]);
    expect(answered[0]?.attributes.join("\n")).not.toContain("packetization-mode=1");
  },
);

test("no text makes the reduction throw, and what is answered are the lines of the offer", () => {
  const parts = [audio, video, channel, simulcast].flat();
  const mangled = fc
    .array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 40 })), { maxLength: 60 })
    .map((lines) => [...session, "a=group:BUNDLE 0 1", ...transport, ...lines].join("\r\n"));
  fc.assert(
    fc.property(mangled, (sdp) => {
      const result = reduceOffer(sdp);
      if (!result.ok) expect(result.error).toBeInstanceOf(AppError);
      else expect(result.value.answered).toHaveLength(sdp.match(/^m=/gm)?.length ?? 0);
    }),
    { numRuns: 1000 },
  );
});
