import { BlockList, isIP, isIPv4 } from "node:net";
import type { FastifyRequest } from "fastify";

/** Whether this address is a proxy of ours, whose word on the caller's address counts. */
export type IsTrustedProxy = (address: string) => boolean;

/** @param networks addresses and networks (CIDR), checked by the settings */
export function trustedProxies(networks: readonly string[]): IsTrustedProxy {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const bare = plainAddress(address);
    const family = isIP(bare);
    return family !== 0 && list.check(bare, family === 4 ? "ipv4" : "ipv6");
  };
}

/** Who sends a request, as far as sharing goes: an address, or a network where one caller has a whole one. */
export function callerOf(request: FastifyRequest): string {
  return networkOf(request.ip);
}

/** An IPv4 address as it is, of an IPv6 address the network of 64 bits that one subscriber has. */
export function networkOf(address: string): string {
  const bare = plainAddress(address);
  if (isIP(bare) !== 6) return bare.slice(0, 64);
  const url = new URL(`http://[${bare.replace(/%.*$/, "")}]`);
  const [head = "", tail = ""] = url.hostname.slice(1, -1).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}

/** An IPv4 address that came over an IPv6 socket, as IPv4. */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
