import { expect, test } from "vitest";
import { iceServerLinks } from "./iceServerLinks.ts";

test("every address is a link of its own, with its credential", () => {
  const links = iceServerLinks([
    { urls: "stun:stun.example.org" },
    {
      urls: ["turn:a.example.org?transport=udp", "turns:a.example.org"],
      username: "u",
      credential: "c",
    },
  ]);
  const secret = 'username="u"; credential="c"; credential-type="password"';
  expect(links).toEqual([
    '<stun:stun.example.org>; rel="ice-server"',
    `<turn:a.example.org?transport=udp>; rel="ice-server"; ${secret}`,
    `<turns:a.example.org>; rel="ice-server"; ${secret}`,
  ]);
});

test("nothing in it can break out of the header", () => {
  const [link] = iceServerLinks([
    { urls: "turn:a>b", username: 'x"; rel="y', credential: "a\\b\r\nset-cookie: z" },
  ]);
  expect(link).toBe(
    '<turn:a%3Eb>; rel="ice-server"; username="x\\"; rel=\\"y"; credential="a\\\\bset-cookie: z"; credential-type="password"',
  );
});
