import { readdir, readFile, readlink } from "node:fs/promises";

/** An open TCP listener or UDP socket of a process (Linux). */
export interface Listener {
  protocol: "tcp" | "udp";
  address: string;
  port: number;
}

const tables = ["tcp", "tcp6", "udp", "udp6"] as const;
/** The state of a TCP listener, and of a UDP socket that is bound to no peer. */
const waiting = { tcp: "0A", udp: "07" } as const;

/** Where these processes can be reached over the network. */
export async function listenersOf(pids: readonly number[]): Promise<Listener[]> {
  const found = await Promise.all(pids.map((pid) => listenersOfOne(pid)));
  return found.flat();
}

async function listenersOfOne(pid: number): Promise<Listener[]> {
  const inodes = await socketInodes(pid);
  const rows = await Promise.all(
    tables.map(async (table) => {
      const text = await readFile(`/proc/${pid}/net/${table}`, "utf8").catch(() => "");
      const protocol = table.startsWith("tcp") ? "tcp" : "udp";
      return text
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state, , , , , , inode]) => {
          return state === waiting[protocol] && inodes.has(inode ?? "");
        })
        .map(([, local = ""]) => ({ protocol, ...parseAddress(local) }) as const);
    }),
  );
  return rows.flat();
}

async function socketInodes(pid: number): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(
    descriptors.map((name) => readlink(`${folder}/${name}`).catch(() => "")),
  );
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
}

/** `0100007F:0CAF` is 127.0.0.1:3247: the kernel prints words in the machine's byte order. */
function parseAddress(text: string): { address: string; port: number } {
  const [hex = "", port = ""] = text.split(":");
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => [...Buffer.from(word, "hex").reverse()]);
  const address =
    bytes.length === 4
      ? bytes.join(".")
      : Buffer.from(bytes)
          .toString("hex")
          .replace(/^0{20}/, "");
  return { address, port: Number.parseInt(port, 16) };
}
