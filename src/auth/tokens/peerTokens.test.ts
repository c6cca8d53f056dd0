import { expect, it } from "vitest";
import { createPeerTokens, type PeerClaims } from "./peerTokens.ts";

let now = 1_800_000_000_000;
const clock = { now: () => now, sleep: () => Promise.resolve() };
const tokens = createPeerTokens("north", clock);
const claims: PeerClaims = {
  userId: "user_1",
  roomId: "webrtc_meeting_1",
  meetingId: "meeting_1",
  participantId: "a",
  role: "participant",
  permissions: { canKick: false, canMute: false, canRecord: false, canShare: true },
};

it("says for an hour what was signed, to all who share the secret", async () => {
  const token = await tokens.sign(claims);
  const other = createPeerTokens("north", clock);
  expect(await other.verify(token, claims.roomId)).toEqual(claims);
  now += 3_599_000;
  expect(await other.verify(token, claims.roomId)).toEqual(claims);
  now += 1_000;
  expect(await other.verify(token, claims.roomId)).toBeUndefined();
});

it("says nothing elsewhere, to others, or once it is altered", async () => {
  const token = await tokens.sign(claims);
  expect(await tokens.verify(token, "webrtc_meeting_2")).toBeUndefined();
  expect(await createPeerTokens("south", clock).verify(token, claims.roomId)).toBeUndefined();
  const [head, body = "", signature] = token.split(".");
  const forged = Buffer.from(body, "base64url").toString().replace("participant", "host");
  const altered = [head, Buffer.from(forged).toString("base64url"), signature].join(".");
  expect(await tokens.verify(altered, claims.roomId)).toBeUndefined();
});
