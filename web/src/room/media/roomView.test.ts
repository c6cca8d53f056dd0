import { expect, it } from "vitest";
import { ApiError } from "../../api/apiError.ts";
import { NoMediaPath } from "./link.ts";
import { troubleOf } from "./roomView.ts";

const words = (error: unknown, isOnline = true) =>
  troubleOf([{ error: undefined }, { error }], isOnline).reason;

it("says what is wrong, the nearest cause first", () => {
  const offline = new ApiError("OFFLINE", "no answer", 0);
  expect(words(new NoMediaPath(), false)).toMatch(/do not get through/);
  expect(words(offline, false)).toBe("This device is not connected to a network.");
  expect(words(offline)).toBe("The server cannot be reached.");
  expect(words(new ApiError("CONFLICT", "full", 409))).toMatch(/cannot open the connection/);
  expect(words(undefined)).toBe("The connection to the meeting was lost.");
});
