import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { inject } from "vitest";
import { keepOutput } from "../../support/evidence/processOutput.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { replaced } from "./replaced.ts";
import { freePort } from "./server.ts";
import { until } from "./until.ts";

/** A proxy in front of a server, with the configuration that we publish for it. */
export interface RunningProxy {
  /** Where clients reach the server through it. */
  readonly url: string;
  stop(): Promise<void>;
}

export type ProxyProgram = "nginx" | "caddy";

const published = path.resolve(import.meta.dirname, "../../../deploy");

interface ProxyPlace {
  folder: string;
  port: number;
  /** Ports of the servers behind. */
  servers: readonly number[];
  cert: string;
  key: string;
}

/** Starts the proxy before one server or many, with our published configuration and nothing changed but names, ports and files. */
export async function startProxy(
  program: ProxyProgram,
  servers: readonly number[],
): Promise<RunningProxy> {
  // The proxy's workers may be another user than we.
  const folder = await scratchFolder(`connvo-proxy-${program}-`, 0o755);
  const [pair] = inject("certificates");
  const place = {
    folder,
    port: await freePort(),
    servers,
    cert: path.join(folder, "cert.pem"),
    key: path.join(folder, "key.pem"),
  };
  await writeFile(place.cert, pair.cert);
  await writeFile(place.key, pair.key);
  const args = await (program === "nginx" ? nginxArguments(place) : caddyArguments(place));
  const child = spawn(program, args, {
    env: { PATH: `${process.env["PATH"]}:/usr/sbin`, HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = keepOutput(program, child);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `https://localhost:${place.port}`;
  await until(`${program} answers`, 60_000, async () => {
    if (child.exitCode !== null) throw new Error(`${program} has exited:\n${output()}`);
    return fetch(url).then(
      () => true,
      () => false,
    );
  });
  return {
    url,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function nginxArguments(place: ProxyPlace): Promise<string[]> {
  const { folder, port, servers, cert, key } = place;
  const listed = (more: string) =>
    servers.map((one) => `server 127.0.0.1:${one}${more};`).join("\n");
  const [name, behind, certificates] =
    servers.length === 1
      ? ([
          "nginx.conf",
          "server 127.0.0.1:3210;",
          "/etc/letsencrypt/live/meet.example.com",
        ] as const)
      : ([
          "nodes/nginx.conf",
          "server connvo:3210 resolve max_fails=0;",
          "/etc/nginx/certificates",
        ] as const);
  const site = replaced(await readFile(path.join(published, name), "utf8"), [
    [behind, listed(servers.length === 1 ? "" : " max_fails=0")],
    ["listen 80;", `listen 127.0.0.1:${await freePort()};`],
    ["listen 443 ", `listen 127.0.0.1:${port} `],
    [`${certificates}/fullchain.pem`, cert],
    [`${certificates}/privkey.pem`, key],
    ["server_name meet.example.com;", "server_name localhost;"],
  ]);
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  await mkdir(path.join(folder, "temp"));
  const temp = folders.map((name) => `${name}_temp_path ${folder}/temp/${name};`).join("\n");
  const whole = `daemon off;\npid ${folder}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temp}\n${site}}\n`;
  const file = path.join(folder, "nginx.conf");
  await writeFile(file, whole);
  return ["-e", "stderr", "-p", folder, "-c", file];
}

async function caddyArguments(place: ProxyPlace): Promise<string[]> {
  const { folder, port, servers, cert, key } = place;
  const addresses = servers.map((one) => `127.0.0.1:${one}`).join(" ");
  const site = replaced(await readFile(path.join(published, "Caddyfile"), "utf8"), [
    ["127.0.0.1:3210", addresses],
    ["\nmeet.example.com {\n", `\nhttps://localhost:${port} {\n\ttls ${cert} ${key}\n`],
  ]);
  const file = path.join(folder, "Caddyfile");
  await writeFile(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  return ["run", "--adapter", "caddyfile", "--config", file];
}
