import { describe, expect, it } from "vitest";
import { iceServersOf } from "./iceServers.ts";

describe("the ICE servers for clients", () => {
  it("are none unless configured", () => {
    expect(iceServersOf({ iceServers: undefined })).toEqual([]);
  });

  it("are what is configured, in the published shape", () => {
    const servers = [
      { urls: "stun:stun.example.test" },
      { urls: ["turn:turn.example.test"], username: "u", credential: "c" },
    ];
    const iceServers = JSON.stringify(servers.map((server) => ({ ...server, extra: 1 })));
    expect(iceServersOf({ iceServers })).toEqual(servers);
  });

  it.each(["{", "{}", '[{"url":"stun:x"}]'])("%s fails without being quoted", (iceServers) => {
    expect(() => iceServersOf({ iceServers })).toThrow(/CONNVO_ICE_SERVERS is not/);
  });
});
