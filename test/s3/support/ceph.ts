import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { isRunning, killHard } from "../../acceptance/support/processes.ts";
import { until } from "../../acceptance/support/until.ts";
import { freePort } from "../../support/freePort.ts";
import { isInstalled } from "../../support/programs.ts";
import { type CephPlace, cephConfig } from "./cephConfig.ts";

/** Keys that the gateway's one user has. */
export const accessKey = "AKTEST";
export const secretKey = "SKTEST";

const programs = ["ceph-mon", "ceph-osd", "radosgw", "ceph", "ceph-authtool", "monmaptool"];

export const isCephInstalled = (): boolean => programs.every(isInstalled);

/**
 * Starts Ceph's gateway, a real S3 server, with an empty store in memory. Its daemons outlive this process: `endDaemons`.
 * @returns its address
 */
export async function startGateway(folder: string): Promise<string> {
  for (const name of ["run", "log", "mon", "osd", "rgw"])
    await mkdir(path.join(folder, name), { recursive: true });
  const place = {
    folder,
    fsid: randomUUID(),
    monitorPort: await freePort(),
    gatewayPort: await freePort(),
  };
  await writeFile(path.join(folder, "ceph.conf"), cephConfig(place));
  const run = runner(folder);
  await makeKeys(folder, run);
  await startMonitor(place, run);
  await startStore(run);
  await run("radosgw", "-n", "client.rgw", `--rgw-data=${folder}/rgw`);
  const address = `http://127.0.0.1:${place.gatewayPort}`;
  await until("the gateway answers", 60_000, async () => {
    const answer = await fetch(address).catch(() => undefined);
    return answer?.status === 200;
  });
  const user = ["user", "create", "--uid=test", "--display-name=test"];
  const keys = [`--access-key=${accessKey}`, `--secret-key=${secretKey}`];
  await run("radosgw-admin", "-n", "client.rgw", ...user, ...keys);
  return address;
}

type Run = (program: string, ...args: string[]) => Promise<string>;

function runner(folder: string): Run {
  const env = {
    PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`,
    CEPH_CONF: path.join(folder, "ceph.conf"),
  };
  return async (program, ...args) => (await promisify(execFile)(program, args, { env })).stdout;
}

async function makeKeys(folder: string, run: Run): Promise<void> {
  const keyring = path.join(folder, "keyring");
  const all = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"];
  await run("ceph-authtool", "--create-keyring", keyring);
  const users: [string, string[]][] = [
    ["mon.", ["--cap", "mon", "allow *"]],
    ["client.admin", all],
    ["osd.0", ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"]],
    ["client.rgw", ["--cap", "mon", "allow rwx", "--cap", "osd", "allow rwx"]],
  ];
  for (const [name, caps] of users)
    await run("ceph-authtool", keyring, "--gen-key", "-n", name, ...caps);
}

async function startMonitor({ folder, fsid, monitorPort }: CephPlace, run: Run): Promise<void> {
  const map = path.join(folder, "monmap");
  const address = `[v2:127.0.0.1:${monitorPort}]`;
  await run("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, map);
  const keyring = path.join(folder, "keyring");
  await run("ceph-mon", "--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring);
  await run("ceph-mon", "-i", "a");
}

async function startStore(run: Run): Promise<void> {
  const id = randomUUID();
  await run("ceph", "osd", "new", id);
  await run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", id);
  await run("ceph-osd", "-i", "0");
  await until("the store is up", 60_000, async () =>
    (await run("ceph", "osd", "stat")).includes("1 up"),
  );
}

/** Ends the daemons that were started in that folder, whoever started them; resolves once they are gone. */
export async function endDaemons(folder: string): Promise<void> {
  const run = path.join(folder, "run");
  for (const name of await readdir(run).catch(() => [])) {
    if (!name.endsWith(".pid")) continue;
    const pid = Number(await readFile(path.join(run, name), "utf8"));
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    // The number may be another's by now.
    if (!programs.some((program) => command.includes(program))) continue;
    killHard(pid);
    await until(`${name} is over`, 60_000, async () => !(await isRunning(pid)));
  }
}
