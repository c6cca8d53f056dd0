import { expect, test } from "vitest";
import { bestLayer } from "./simulcast.ts";

const payloadType = 96;
const section = (...attributes: string[]) => ({
  kind: "video",
  port: 9,
  protocol: "UDP/TLS/RTP/SAVPF",
  formats: ["96"],
  attributes,
});
const extension = "extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
/** A section with layers, each its RID and what restricts it. */
const offered = (simulcast: string, ...rids: string[]) =>
  section(extension, ...rids.map((rid) => `rid:${rid}`), `simulcast:${simulcast}`);

test.each([
  ["the sender's first", "send a;b", ["a send", "b send"], "a"],
  ["the best by name, in any order", "send q;h;f", ["q send", "h send", "f send"], "f"],
  ["the best by name", "send h;m;l", ["h send", "m send", "l send"], "h"],
  ["the best by name, whatever its case", "send LOW;HIGH", ["LOW send", "HIGH send"], "HIGH"],
  ["the first where a name is not known", "send q;x;f", ["q send", "x send", "f send"], "q"],
  [
    "the largest",
    "send a;b;c",
    ["a send max-width=320;max-height=180", "b send max-width=1280;max-height=720"].concat(
      "c send max-width=640;max-height=360",
    ),
    "b",
  ],
  [
    "the largest that is not too large",
    "send a;b",
    ["a send max-width=640;max-height=360", "b send max-width=7680;max-height=4320"],
    "a",
  ],
  ["that with the most bits", "send a;b", ["a send max-br=64000", "b send max-br=900000"], "b"],
  ["that of the payload type", "send a;b", ["a send pt=97", "b send pt=96,98"], "b"],
  ["that of which it tells", "send a;b", ["b send"], "b"],
  ["none that is paused", "send ~a;b", ["a send", "b send"], "b"],
  ["a paused one where all are", "send ~a;~b", ["a send", "b send"], "a"],
  ["the first of alternatives", "send a,c;b", ["a send", "b send", "c send"], "a"],
  ["what is sent, not what is received", "recv x send a;b", ["x recv", "a send", "b send"], "a"],
])("%s is asked for", (_, simulcast, rids, rid) => {
  expect(bestLayer(offered(simulcast, ...rids), payloadType)).toEqual({ rid, ridExtensionId: 10 });
});

test.each([
  ["there is no simulcast", section(extension, "rid:a send")],
  ["no layer is declared", offered("send a;b")],
  ["nothing tells layers apart", section("rid:a send", "rid:b send", "simulcast:send a;b")],
  ["names are no tokens", offered("send a b;c!", "a b send", "c! send")],
])("none is asked for where %s", (_, of) => {
  expect(bestLayer(of, payloadType)).toBeUndefined();
});
