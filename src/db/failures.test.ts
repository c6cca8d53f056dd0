import { describe, expect, it } from "vitest";
import { DatabaseUnavailableError } from "./errors.ts";
import { isConnectionRefused, isRetryable, translate } from "./failures.ts";

const coded = (code: string) => Object.assign(new Error("x"), { code });

describe("database failures", () => {
  it("are worth another try when transactions were in each other's way", () => {
    expect(["40001", "40P01", "23505", "57P01"].map((code) => isRetryable(coded(code)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("are unavailability when the server was lost, and stay themselves otherwise", () => {
    const lost = ["08006", "57P01", "57P03", "53300", "ECONNREFUSED", "EPIPE"].map(coded);
    for (const error of [...lost, new Error("Connection terminated unexpectedly")]) {
      const translated = translate(error);
      expect(translated).toBeInstanceOf(DatabaseUnavailableError);
      expect(translated).toMatchObject({ cause: error, ambiguous: false });
    }
    for (const error of [coded("23505"), coded("57014"), new Error("mine"), undefined])
      expect(translate(error)).toBe(error);
  });

  it("tell a server that is starting from one that is gone for good", () => {
    expect(isConnectionRefused(coded("57P03"))).toBe(true);
    expect(isConnectionRefused(coded("28P01"))).toBe(false);
  });
});
