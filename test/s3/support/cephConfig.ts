import { existsSync } from "node:fs";

/** Where a gateway's daemons work and listen. */
export interface CephPlace {
  folder: string;
  fsid: string;
  monitorPort: number;
  gatewayPort: number;
}

/** Debian's folder of libraries, by architecture. */
function libraries(): string {
  const folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((name) => `/usr/lib/${name}`);
  return folders.find((folder) => existsSync(`${folder}/rados-classes`)) ?? "/usr/lib";
}

/** One monitor, one daemon that keeps everything in memory, one gateway; all on loopback, all files in the folder. */
export function cephConfig({ folder, fsid, monitorPort, gatewayPort }: CephPlace): string {
  const plugins = libraries();
  // The gateway of Debian 12 never connects where authentication is switched off.
  return `[global]
fsid = ${fsid}
keyring = ${folder}/keyring
mon host = v2:127.0.0.1:${monitorPort}
mon initial members = a
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = true
run dir = ${folder}/run
log file = ${folder}/log/$name.log
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
plugin dir = ${plugins}/ceph
erasure code dir = ${plugins}/ceph/erasure-code
osd class dir = ${plugins}/rados-classes
[mon]
mon data = ${folder}/mon
mon data avail crit = 1
[osd]
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
memstore page set = false
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw dns name = localhost
`;
}
