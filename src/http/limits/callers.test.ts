import { expect, it } from "vitest";
import { networkOf, trustedProxies } from "./callers.ts";

it.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["not an address", "not an address"],
])("takes %s for a caller of %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

it("trusts the proxies it is told of, under either family", () => {
  const trusts = trustedProxies(["127.0.0.0/8", "::1", "10.1.2.3", "2001:db8::/32"]);
  const addresses = ["127.3.2.1", "::ffff:127.0.0.1", "::1", "10.1.2.3", "2001:db8:9::1"];
  expect(addresses.map(trusts)).toEqual([true, true, true, true, true]);
  expect(["10.1.2.4", "::2", "203.0.113.7", "", "unknown"].map(trusts)).toEqual(
    Array(5).fill(false),
  );
});
