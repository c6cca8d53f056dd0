import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outbound } from "./outbound.ts";
import { isPublicAddress } from "./publicAddress.ts";

let server: Server;
let port: number;
let served = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    served++;
    if (request.url === "/away") response.writeHead(302, { location: `http://127.0.0.1:${port}/` });
    response.end("inside");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());

const call = (host: string, options = {}) =>
  outbound({ silenceMs: 5_000, ...options })(new URL(`http://${host}:${port}/`), {});

describe("an address that is not public", () => {
  test.each([
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "017700000001",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "0.0.0.0",
    "0",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "localhost",
  ])("is not called as %s", async (host) => {
    await expect(call(host)).rejects.toMatchObject({ name: "BlockedAddressError" });
    expect(served).toBe(0);
  });

  test.each([
    ["this machine", "127.0.0.1"],
    ["a private network", "10.1.2.3"],
    ["another", "172.16.0.1"],
    ["a third", "192.168.0.1"],
    ["a cloud's metadata", "169.254.169.254"],
    ["carrier NAT", "100.64.0.1"],
    ["all interfaces", "0.0.0.0"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["benchmarks", "198.18.0.1"],
    ["Azure's host", "168.63.129.16"],
    ["IPv6's own", "::1"],
    ["link-local", "fe80::1"],
    ["unique local", "fd00::1"],
    ["mapped", "::ffff:10.0.0.1"],
    ["NAT64", "64:ff9b::7f00:1"],
    ["6to4", "2002:7f00:1::"],
    ["Teredo", "2001:0:7f00:1::"],
    ["documentation", "2001:db8::1"],
    ["nothing", "example.org"],
  ])("is one of %s: %s", (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])(
    "is not %s",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

test("what the operator configured is called wherever it is, at that port alone", async () => {
  const trustedOrigins = [`http://127.0.0.1:${port}`];
  const answer = await call("127.0.0.1", { trustedOrigins });
  expect(answer.statusCode).toBe(200);
  answer.destroy();
  await expect(
    call("127.0.0.1", { trustedOrigins: [`http://127.0.0.1:${port + 1}`] }),
  ).rejects.toMatchObject({ name: "BlockedAddressError" });
});

test("a redirect is an answer, not a way", async () => {
  const before = served;
  const send = outbound({ silenceMs: 5_000, isAllowed: () => true });
  const answer = await send(new URL(`http://127.0.0.1:${port}/away`), {});
  expect([answer.statusCode, served - before]).toEqual([302, 1]);
  answer.destroy();
});

test("a name that is looked up is judged by what it leads to", async () => {
  const judged: string[] = [];
  const isAllowed = (address: string) => {
    judged.push(address);
    return true;
  };
  const answer = await call("localhost", { isAllowed });
  expect(answer.statusCode).toBe(200);
  expect(judged).toContain("127.0.0.1");
  answer.destroy();
});
