/** An offer as a client makes it, in short: its lines, without the keys of its transport. */
export interface ClientOffer {
  client: string;
  does: "publish" | "watch";
  sdp: string;
}

const fingerprint = `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`;
const ice = ["a=ice-ufrag:Xm0drGQA", "a=ice-pwd:vboBbveYQgIYxUiThycwh1zh"];
const head = (origin: string, ...more: string[]) => [
  "v=0",
  `o=${origin} 4611731400430051336 2 IN IP4 127.0.0.1`,
  "s=-",
  "t=0 0",
  ...more,
];
const mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
const level = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const arrival = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const made = (client: string, does: ClientOffer["does"], ...lines: string[][]): ClientOffer => ({
  client,
  does,
  sdp: [...lines.flat(), ""].join("\r\n"),
});

const chromiumLine = [...ice, "a=ice-options:trickle", fingerprint, "a=setup:actpass"];
const chromiumAudio = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
  ...["c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", ...chromiumLine, "a=mid:0"],
  ...[`a=extmap:1 ${level}`, `a=extmap:3 ${arrival}`, `a=extmap:4 ${mid}`],
  ...["a=sendonly", "a=msid:- b81a983a", "a=rtcp-mux", "a=rtcp-rsize"],
  ...["a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc"],
  ...["a=fmtp:111 minptime=10;useinbandfec=1", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"],
  ...["a=ssrc:579512183 cname:ABZZgr3s", "a=ssrc:579512183 msid:- b81a983a"],
];
const chromiumVideo = [
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 107",
  ...["c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", ...chromiumLine, "a=mid:1"],
  ...["a=extmap:13 urn:3gpp:video-orientation", `a=extmap:3 ${arrival}`, `a=extmap:4 ${mid}`],
  ...["a=sendonly", "a=msid:- b4a67705", "a=rtcp-mux", "a=rtcp-rsize"],
  ...["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 goog-remb", "a=rtcp-fb:96 transport-cc"],
  ...["a=rtcp-fb:96 ccm fir", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli"],
  ...["a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "a=rtpmap:102 H264/90000"],
  "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
  ...["a=rtpmap:103 rtx/90000", "a=fmtp:103 apt=102", "a=rtpmap:104 H264/90000"],
  "a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f",
  ...["a=rtpmap:107 rtx/90000", "a=fmtp:107 apt=104"],
];
const chromiumHead = head(
  "-",
  ...["a=group:BUNDLE 0 1", "a=extmap-allow-mixed", "a=msid-semantic: WMS"],
);

const firefoxLine = [...ice, "a=setup:actpass", "a=rtcp-mux"];
const firefoxHead = head(
  "mozilla...THIS_IS_SDPARTA-99.0",
  ...["a=sendrecv", fingerprint, "a=group:BUNDLE 0 1", "a=ice-options:trickle"],
  "a=msid-semantic:WMS *",
);
const firefoxAudio = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101",
  ...["c=IN IP4 0.0.0.0", "a=sendonly", `a=extmap:1 ${level}`],
  ...["a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level", `a=extmap:3 ${mid}`],
  ...["a=extmap-allow-mixed", "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1"],
  ...["a=mid:0", "a=msid:- {e48cee18}", ...firefoxLine],
  ...["a=rtpmap:109 opus/48000/2", "a=rtpmap:9 G722/8000/1", "a=rtpmap:101 telephone-event/8000"],
  "a=ssrc:1126394716 cname:{e34bd4fc}",
];
const firefoxSimulcast = [
  "m=video 0 UDP/TLS/RTP/SAVPF 120 124 121 125 123 122 119",
  ...["c=IN IP4 0.0.0.0", "a=bundle-only", "a=sendonly", `a=extmap:3 ${mid}`],
  "a=extmap:9/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  ...["a=fmtp:120 max-fs=12288;max-fr=60", "a=fmtp:124 apt=120", "a=mid:1", "a=msid:- {2c2cf6c4}"],
  ...["a=rid:a send", "a=rid:b send", ...firefoxLine, "a=rtcp-rsize"],
  ...["a=rtcp-fb:120 nack", "a=rtcp-fb:120 nack pli", "a=rtpmap:120 VP8/90000"],
  ...["a=rtpmap:124 rtx/90000", "a=rtpmap:121 VP9/90000", "a=rtpmap:123 ulpfec/90000"],
  ...["a=simulcast:send a;b", "a=ssrc:3496604061 cname:{e34bd4fc}"],
  ...["a=ssrc:3728691114 cname:{e34bd4fc}", "a=ssrc:1468455401 cname:{e34bd4fc}"],
  ...["a=ssrc:2453157722 cname:{e34bd4fc}", "a=ssrc-group:FID 3496604061 3728691114"],
  "a=ssrc-group:FID 1468455401 2453157722",
];

const gstreamerLine = [
  ...["c=IN IP4 0.0.0.0", "a=setup:actpass", ...ice, "a=rtcp-mux", "a=rtcp-rsize"],
  ...[fingerprint, "a=rtcp-mux-only"],
];
const gstreamerHead = head("-", "a=ice-options:trickle", "a=group:BUNDLE audio0 video1");
const gstreamerFeedback = ["a=rtcp-fb:97 nack pli", "a=rtcp-fb:97 ccm fir"];

const aiortcLine = [
  ...["c=IN IP4 192.0.2.2", "a=rtcp:9 IN IP4 0.0.0.0", "a=rtcp-mux"],
  "a=candidate:f957a233 1 udp 2130706431 192.0.2.2 42331 typ host",
  ...["a=end-of-candidates", ...ice, fingerprint, "a=setup:actpass"],
];
const aiortcHead = head("-", "a=group:BUNDLE 0 1", "a=msid-semantic:WMS *");
const aiortcAudio = [
  ...["m=audio 42331 UDP/TLS/RTP/SAVPF 96 0 8", `a=extmap:1 ${mid}`, `a=extmap:2 ${level}`],
  ...["a=mid:0", "a=msid:c0ab4fa1 4667c3ff", "a=ssrc:1692212220 cname:8d426a2f"],
  ...["a=rtpmap:96 opus/48000/2", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", ...aiortcLine],
];
const aiortcVideo = (...formats: string[]) => [
  `m=video 46703 UDP/TLS/RTP/SAVPF ${formats.join(" ")}`,
  ...[`a=extmap:1 ${mid}`, "a=mid:1", "a=msid:c0ab4fa1 55e0747c"],
  ...["a=ssrc-group:FID 113678874 1036749250", "a=ssrc:113678874 cname:8d426a2f"],
  ...["a=ssrc:1036749250 cname:8d426a2f", "a=rtpmap:97 VP8/90000", "a=rtcp-fb:97 nack"],
  ...["a=rtcp-fb:97 nack pli", "a=rtcp-fb:97 goog-remb", "a=rtpmap:98 rtx/90000"],
  ...["a=fmtp:98 apt=97", "a=rtpmap:101 H264/90000", "a=rtcp-fb:101 nack"],
  "a=fmtp:101 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  ...aiortcLine,
];

const obsLine = (name: string) => [
  ...["c=IN IP4 0.0.0.0", `a=mid:${name}`, "a=sendonly", "a=rtcp-mux"],
];
const obsSource = (ssrc: number) => [
  `a=ssrc:${ssrc} cname:Zw2bWq`,
  `a=ssrc:${ssrc} msid:8aGW39 8aGW39-video`,
];

/**
 * Offers of real clients: Chromium 150, Firefox ESR, GStreamer 1.22 (webrtcbin), aiortc 1.4, werift, and OBS 32 as libdatachannel
 * writes it. Their order of lines is kept, what says the same again is left out.
 */
export const clientOffers: readonly ClientOffer[] = [
  made("Chromium", "publish", chromiumHead, chromiumAudio, [
    ...chromiumVideo,
    ...["a=ssrc-group:FID 2001 2002", "a=ssrc:2001 cname:ABZZgr3s", "a=ssrc:2002 cname:ABZZgr3s"],
  ]),
  made("Chromium, simulcast", "publish", chromiumHead, chromiumAudio, [
    ...chromiumVideo,
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    ...["a=rid:h send", "a=rid:m send", "a=rid:l send", "a=simulcast:send h;m;l"],
  ]),
  made("Firefox, simulcast", "publish", firefoxHead, firefoxAudio, firefoxSimulcast),
  made(
    "GStreamer",
    "publish",
    gstreamerHead,
    [
      ...["m=audio 9 UDP/TLS/RTP/SAVPF 96", "a=sendrecv", "a=rtpmap:96 OPUS/48000/2"],
      ...["a=rtcp-fb:96 transport-cc", "a=fmtp:96 sprop-stereo=0;sprop-maxcapturerate=48000"],
      ...["a=ssrc:2500823756 msid:user273421696@host webrtctransceiver0", "a=mid:audio0"],
      ...gstreamerLine,
    ],
    [
      ...["m=video 0 UDP/TLS/RTP/SAVPF 97", "a=bundle-only", "a=sendrecv", "a=rtpmap:97 VP8/90000"],
      ...[...gstreamerFeedback, "a=framerate:30", "a=ssrc:2444972776 cname:user273421696@host"],
      ...["a=mid:video1", ...gstreamerLine],
    ],
  ),
  made(
    "GStreamer",
    "watch",
    gstreamerHead,
    [
      ...["m=audio 9 UDP/TLS/RTP/SAVPF 96", "a=recvonly", "a=rtpmap:96 OPUS/48000"],
      ...["a=rtcp-fb:96 transport-cc", "a=mid:audio0", ...gstreamerLine],
    ],
    [
      ...["m=video 0 UDP/TLS/RTP/SAVPF 97", "a=bundle-only", "a=recvonly", "a=rtpmap:97 VP8/90000"],
      ...[...gstreamerFeedback, "a=mid:video1", ...gstreamerLine],
    ],
  ),
  made(
    "aiortc",
    "publish",
    aiortcHead,
    [...aiortcAudio, "a=sendonly"],
    [...aiortcVideo("101"), "a=sendonly"],
  ),
  made(
    "aiortc",
    "watch",
    aiortcHead,
    [...aiortcAudio, "a=recvonly"],
    [...aiortcVideo("97", "98", "101"), "a=recvonly"],
  ),
  made(
    "werift",
    "watch",
    head("-", "a=group:BUNDLE 0 1", "a=ice-options:trickle"),
    [
      ...["m=audio 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", ...ice, fingerprint],
      ...["a=setup:actpass", "a=recvonly", "a=mid:0", "a=rtcp-mux", "a=rtpmap:96 OPUS/48000/2"],
    ],
    [
      ...["m=video 9 UDP/TLS/RTP/SAVPF 97", "c=IN IP4 0.0.0.0", ...ice, fingerprint],
      ...["a=setup:actpass", "a=recvonly", "a=mid:1", "a=rtcp-mux", "a=rtpmap:97 VP8/90000"],
    ],
  ),
  made(
    "OBS, simulcast",
    "publish",
    head("rtc", "a=group:BUNDLE 0 1", "a=group:LS 0 1", "a=msid-semantic:WMS *"),
    ["a=setup:actpass", ...ice, "a=ice-options:ice2,trickle", fingerprint],
    ["m=audio 60000 UDP/TLS/RTP/SAVPF 111", ...obsLine("0"), "a=ssrc:1 cname:Zw2bWq"],
    ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;stereo=1;useinbandfec=1"],
    ["m=video 60000 UDP/TLS/RTP/SAVPF 96", ...obsLine("1")],
    [`a=extmap:1 ${mid}`, "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"],
    ["a=rid:0 send", "a=rid:1 send", "a=rid:2 send", "a=simulcast:send 0;1;2"],
    [...obsSource(10), ...obsSource(11), ...obsSource(12)],
    ["a=rtpmap:96 H264/90000", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli"],
    ["a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1"],
  ),
];
