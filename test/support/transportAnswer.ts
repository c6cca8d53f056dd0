/** What a transport answers to the one media line a publisher's session offers it. */
export const transportAnswer = [
  "v=0",
  "o=rtc 1 0 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=fingerprint:sha-256 CD:EF",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=setup:active",
  "a=ice-ufrag:efgh",
  "a=ice-pwd:0123456789012345678901",
  "a=candidate:1 1 UDP 1 127.0.0.1 3478 typ host",
  "",
].join("\r\n");
