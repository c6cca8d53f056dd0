import { expect, it } from "vitest";
import { hiddenSession, openAnswer, sealAnswer } from "./sealedAnswer.ts";

const sealedFor = { sessionId: "431a-ü", requestId: 7, caller: "Ada" };
const answer = '{"secret":"whsec_ünsafe"}';

it("an answer is opened for the request and caller it was sealed for", () => {
  expect(openAnswer(sealedFor, sealAnswer(sealedFor, answer))).toBe(answer);
  expect(openAnswer(sealedFor, sealAnswer(sealedFor, ""))).toBe("");
});

it("nothing of it can be read, nor whether two are the same", () => {
  const [one, other] = [sealAnswer(sealedFor, answer), sealAnswer(sealedFor, answer)];
  expect(one.toString("latin1")).not.toContain("whsec");
  expect(one.equals(other)).toBe(false);
});

it.each([
  ["another session", { sessionId: "431b-ü" }],
  ["another request", { requestId: 8 }],
  ["another caller", { caller: "Eve" }],
  ["who knows what is stored of the session", { sessionId: hiddenSession(sealedFor.sessionId) }],
])("it is not opened for %s", (_, change) => {
  const sealed = sealAnswer(sealedFor, answer);
  expect(() => openAnswer({ ...sealedFor, ...change }, sealed)).toThrow();
});

it("one that was changed or cut off is not opened", () => {
  const sealed = sealAnswer(sealedFor, answer);
  for (const at of [0, 12, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => openAnswer(sealedFor, changed)).toThrow();
  }
  for (const length of [0, 5, 20, sealed.length - 1])
    expect(() => openAnswer(sealedFor, sealed.subarray(0, length))).toThrow();
});
