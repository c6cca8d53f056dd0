import { describe, expect, test } from "vitest";
import { type AnsweredLine, withPublicAddress, writeAnswer } from "./answer.ts";

const line = (kind: string, mid: string, over: Partial<AnsweredLine> = {}): AnsweredLine => ({
  ...{ kind, protocol: "UDP/TLS/RTP/SAVPF", mid, format: "96" },
  attributes: [`mid:${mid}`, "recvonly", "rtpmap:96 VP8/90000"],
  ...over,
});
const refused = { refused: "no_usable_codec", attributes: ["inactive"] };
/** As the library answers the one line it is offered. */
const transport = [
  "v=0",
  "o=rtc 7 0 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "a=ice-options:ice2,trickle",
  "a=fingerprint:sha-256 AB:CD",
  "m=audio 3478 UDP/TLS/RTP/SAVPF 111",
  "c=IN IP4 10.0.0.5",
  "a=mid:0",
  "a=recvonly",
  "a=setup:active",
  "a=ice-ufrag:u",
  "a=ice-pwd:p",
  "a=candidate:1 1 UDP 2122317823 10.0.0.5 3478 typ host",
  "a=candidate:2 1 UDP 2122317822 172.17.0.1 3478 typ host",
  "a=end-of-candidates",
  "",
].join("\r\n");
const answer = (...lines: AnsweredLine[]) => writeAnswer(lines, transport, { startKbps: 1500 });
/** The parts of an SDP, each from its media line on. */
const sections = (sdp: string) => sdp.split(/(?=^m=)/m).slice(1);

describe("an answer", () => {
  test("has the lines of the offer in their order, those not taken with port 0", () => {
    const sdp = answer(line("application", "c", refused), line("audio", "a"), line("video", "v"));
    expect(sdp.match(/^m=.*/gm)).toEqual([
      "m=application 0 UDP/TLS/RTP/SAVPF 96",
      "m=audio 9 UDP/TLS/RTP/SAVPF 96",
      "m=video 9 UDP/TLS/RTP/SAVPF 96",
    ]);
    expect(sdp.match(/^a=group.*/gm)).toEqual(["a=group:BUNDLE a v"]);
  });

  test("has the transport's keys in every line, and where to find it in the first that is taken", () => {
    const sdp = answer(line("application", "c", refused), line("audio", "a"), line("video", "v"));
    for (const section of sections(sdp))
      expect(section).toContain("a=setup:active\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n");
    expect(sections(sdp).map((section) => /candidate/.test(section))).toEqual([false, true, false]);
    expect(sdp).toContain("a=fingerprint:sha-256 AB:CD\r\nm=");
    expect(sdp.endsWith("\r\n")).toBe(true);
  });

  test("tells browsers the bit rate to start at", () => {
    expect(answer(line("video", "v"))).toContain(
      "a=rtpmap:96 VP8/90000\r\na=fmtp:96 x-google-start-bitrate=1500;x-google-min-bitrate=150\r\n",
    );
    const attributes = ["rtpmap:96 H264/90000", "fmtp:96 profile-level-id=42001f"];
    expect(answer(line("video", "v", { attributes }))).toContain(
      "a=fmtp:96 profile-level-id=42001f;x-google-start-bitrate=1500;x-google-min-bitrate=150\r\n",
    );
    expect(answer(line("audio", "a"), line("video", "v", refused))).not.toContain("x-google");
  });

  test("names the public address alone where there is one", () => {
    const options = { publicAddress: "203.0.113.7" };
    const sdp = writeAnswer([line("audio", "a"), line("video", "v")], transport, options);
    expect(sdp.match(/^a=candidate.*/gm)).toEqual([
      "a=candidate:1 1 UDP 2122317823 203.0.113.7 3478 typ host",
    ]);
    expect(withPublicAddress(transport, undefined)).toBe(transport);
    expect(withPublicAddress(transport, "203.0.113.7")).toContain("203.0.113.7 3478");
  });

  test.each(["", "v=0", transport.replace(/a=ice-pwd.*\r\n/, "")])(
    "is not made of a transport's answer that is none",
    (text) => {
      expect(() => writeAnswer([line("audio", "a")], text, {})).toThrow(/transport/);
    },
  );
});
