import { describe, expect, it } from "vitest";
import { loadConfig } from "../../config/config.ts";
import { iceServersOf } from "./iceServers.ts";

const at = (ms: number) => ({ now: () => ms, sleep: () => Promise.resolve() });

describe("the ICE servers of a user", () => {
  it("are none by default", () => {
    expect(iceServersOf({ config: loadConfig({}), clock: at(0) }, "user_1")).toEqual([]);
  });

  it("are the configured ones, then the TURN server with a credential of the user's own", () => {
    const config = loadConfig({
      CONNVO_ICE_SERVERS: '[{"urls":"stun:stun.example"}]',
      CONNVO_TURN_URLS: "turn:turn.example:3478?transport=udp, turns:turn.example:5349",
      CONNVO_TURN_SECRET: "north",
    });
    expect(iceServersOf({ config, clock: at(1_800_000_000_999) }, "user_1")).toEqual([
      { urls: "stun:stun.example" },
      {
        urls: ["turn:turn.example:3478?transport=udp", "turns:turn.example:5349"],
        username: "1800043200:user_1",
        // printf 1800043200:user_1 | openssl dgst -sha1 -hmac north -binary | base64
        credential: "ns/bqZbdbQE1G3wteV0kkoYprG8=",
      },
    ]);
  });

  it.each([
    { CONNVO_TURN_URLS: "turn:turn.example" },
    { CONNVO_TURN_SECRET: "north" },
    { CONNVO_TURN_URLS: "https://turn.example", CONNVO_TURN_SECRET: "north" },
    { CONNVO_TURN_URLS: "turn:a,,turn:b", CONNVO_TURN_SECRET: "north" },
  ])("refuses %j", (env) => {
    expect(() => loadConfig(env)).toThrow(/CONNVO_TURN_/);
  });
});
