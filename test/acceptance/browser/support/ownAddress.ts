import { networkInterfaces } from "node:os";

/**
 * An address of this machine that is not loopback: the way Firefox takes to a server of a network.
 * @throws Error when there is none
 */
export function ownAddress(): string {
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (!found) throw new Error("Firefox needs an address of this machine that is not loopback");
  return found.address;
}
