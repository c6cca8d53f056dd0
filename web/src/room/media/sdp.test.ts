import { expect, it } from "vitest";
import { withAudioRetransmission } from "./sdp.ts";

const offer = [
  "v=0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=rtpmap:96 VP8/90000",
  "m=audio 9 UDP/TLS/RTP/SAVPF 109",
  "a=rtpmap:109 opus/48000/2",
  "",
].join("\r\n");

it("asks for retransmission in every line of audio, once", () => {
  const changed = withAudioRetransmission(offer);
  expect(changed).toContain("a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\n");
  expect(changed).toContain("a=rtpmap:109 opus/48000/2\r\na=rtcp-fb:109 nack\r\n");
  expect(changed).not.toContain("a=rtcp-fb:96");
  expect(withAudioRetransmission(changed)).toBe(changed);
});
