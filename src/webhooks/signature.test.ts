import { expect, test } from "vitest";
import { newSecret, sign } from "./signature.ts";

const message = {
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
};
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

test("signs as the specification's vector says", () => {
  expect(sign(message, [secret])).toBe(signature);
});

test("signs once per secret", () => {
  const [first, second, ...more] = sign(message, [newSecret(), secret]).split(" ");
  expect(first).toMatch(/^v1,[\w+/]{43}=$/);
  expect([second, more]).toEqual([signature, []]);
});

test("a secret is 32 random bytes", () => {
  expect(Buffer.from(newSecret().replace(/^whsec_/, ""), "base64")).toHaveLength(32);
  expect(newSecret()).not.toBe(newSecret());
});
