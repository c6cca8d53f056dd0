import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { inject } from "vitest";
import { keepOutput } from "../../../support/evidence/processOutput.ts";
import { scratchFolder } from "../../../support/evidence/scratchFolder.ts";
import { replaced } from "../../support/replaced.ts";
import { freePort } from "../../support/server.ts";
import { until } from "../../support/until.ts";

/** A coturn on this machine with the configuration that we publish for it. */
export interface Relay {
  readonly port: number;
  /** Takes and passes nothing on until `resume`, and forgets nothing. */
  pause(): void;
  resume(): void;
  /** What it wrote so far. */
  output(): string;
  stop(): Promise<void>;
}

const published = path.resolve(import.meta.dirname, "../../../../deploy/coturn.conf");

/** Starts a relay that shares `secret` and relays to `peer` only; nothing but names, ports and files are changed. */
export async function startRelay(secret: string, peer: string): Promise<Relay> {
  const folder = await scratchFolder("connvo-relay-");
  const [pair] = inject("certificates");
  const cert = path.join(folder, "cert.pem");
  const key = path.join(folder, "key.pem");
  await writeFile(cert, pair.cert);
  await writeFile(key, pair.key);
  const port = await freePort();
  const file = path.join(folder, "turnserver.conf");
  const settings = replaced(await readFile(published, "utf8"), [
    ["static-auth-secret=CHANGE-ME", `static-auth-secret=${secret}`],
    [
      "\nlistening-port=3479",
      `\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nlistening-port=${port}`,
    ],
    ["tls-listening-port=5349", `tls-listening-port=${await freePort()}`],
    ["/etc/letsencrypt/live/turn.example.com/fullchain.pem", cert],
    ["/etc/letsencrypt/live/turn.example.com/privkey.pem", key],
    // coturn trusts nobody on its own machine unless told to.
    ["allowed-peer-ip=203.0.113.7", `allowed-peer-ip=${peer}\nallow-loopback-peers`],
    ["turn.example.com", "localhost"],
  ]);
  await writeFile(file, `${settings}pidfile=${folder}/turnserver.pid\nuserdb=${folder}/turndb\n`);
  const child = spawn("turnserver", ["-c", file, "-v"], { stdio: ["ignore", "pipe", "pipe"] });
  const output = keepOutput("turnserver", child);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await until("the relay listens", 15_000, async () => {
    if (child.exitCode !== null) throw new Error(`turnserver has exited:\n${output()}`);
    return isOpen(port);
  });
  return {
    port,
    output,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    stop: async () => {
      // It is in no hurry on SIGTERM, and holds nothing that could be lost.
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
