import { describe, expect, it } from "vitest";
import * as protocol from "./protocol.ts";

describe("a timestamp", () => {
  it("is eight bytes, the lowest first, in base64", () => {
    expect(protocol.encodeTs(0n)).toBe("AAAAAAAAAAA=");
    expect(protocol.encodeTs(10n)).toBe("CgAAAAAAAAA=");
  });

  it.each([0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])("comes back: %s", (ts) => {
    expect(protocol.decodeTs(protocol.encodeTs(ts))).toBe(ts);
  });

  it.each(["", "AAAA", "not base64!!", "AAAAAAAAAAAAAAAA"])("is not read from %j", (text) => {
    expect(protocol.decodeTs(text)).toBeUndefined();
  });
});

describe("a client's message", () => {
  it("is read as clients write it, whatever else is in it", () => {
    const text = `{"connectionCount":0,"lastCloseReason":"InitialConnect","clientTs":1795359416371,"type":"Connect","sessionId":"431a","more":[1]}`;
    expect(protocol.parseClientMessage(text)).toEqual({
      type: "Connect",
      sessionId: "431a",
      clientTs: 1795359416371,
    });
  });

  it("may leave out a query's journal, or give null or text", () => {
    for (const journal of [{}, { journal: null }, { journal: "x" }]) {
      const add = { type: "Add", queryId: 0, udfPath: "a:b", args: [{}], ...journal };
      const message = {
        type: "ModifyQuerySet",
        baseVersion: 0,
        newVersion: 1,
        modifications: [add],
      };
      expect(protocol.parseClientMessage(JSON.stringify(message))).toEqual(message);
    }
  });

  it.each([
    ["nothing", ""],
    ["no object", "[]"],
    ["an unknown type", `{"type":"Hello"}`],
    ["a negative id", `{"type":"Mutation","requestId":-1,"udfPath":"a:b","args":[{}]}`],
    [
      "an id that is no whole number",
      `{"type":"Action","requestId":0.5,"udfPath":"a:b","args":[]}`,
    ],
    ["arguments that are no list", `{"type":"Mutation","requestId":0,"udfPath":"a:b","args":{}}`],
  ])("is refused in words: %s", (_name, text) => {
    expect(protocol.parseClientMessage(text)).toEqual({
      problem: expect.stringMatching(/^Received /),
    });
  });
});

describe("what a client is told", () => {
  it("is a Transition with a place for every query", () => {
    const end = { querySet: 1, identity: 0, ts: 10n };
    const text = protocol.transition(protocol.firstVersion, end, [
      protocol.modification(0, protocol.updated("[1]")),
      protocol.modification(1, protocol.failed({ message: "no", data: { code: "NO" }, end: "e" })),
      protocol.removal(2),
    ]);
    expect(JSON.parse(text)).toEqual({
      type: "Transition",
      startVersion: { querySet: 0, identity: 0, ts: "AAAAAAAAAAA=" },
      endVersion: { querySet: 1, identity: 0, ts: "CgAAAAAAAAA=" },
      modifications: [
        { type: "QueryUpdated", queryId: 0, value: [1], logLines: [], journal: null },
        {
          type: "QueryFailed",
          queryId: 1,
          errorMessage: "no",
          errorData: { code: "NO" },
          logLines: [],
          journal: "e",
        },
        { type: "QueryRemoved", queryId: 2 },
      ],
    });
  });

  it("has no error data unless an application raised it", () => {
    expect(JSON.parse(protocol.callFailed("MutationResponse", 7, "no"))).toEqual({
      type: "MutationResponse",
      requestId: 7,
      success: false,
      result: "no",
      ts: null,
      logLines: [],
    });
    expect(protocol.failed({ message: "no" }).members).not.toContain("errorData");
  });
});
