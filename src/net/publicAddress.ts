import { BlockList, isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** Azure's host service, which looks like any other address. */
const hostServices = new BlockList();
hostServices.addAddress("168.63.129.16");

/** Whether an IP address is one of the public internet: not of this machine, its network, or a provider's inside. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  // `::ffff:127.0.0.1` is 127.0.0.1.
  const plain = ipaddr.process(address);
  return plain.range() === "unicast" && !hostServices.check(plain.toString(), plain.kind());
}
