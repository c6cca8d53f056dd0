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
  /** Port of the server behind. */
  serverPort: number;
  cert: string;
  key: string;
}

/** Starts the proxy before `serverPort`, with our published configuration and nothing changed but names, ports and files. */
export async function startProxy(program: ProxyProgram, serverPort: number): Promise<RunningProxy> {
  // The proxy's workers may be another user than we.
  const folder = await scratchFolder(`connvo-proxy-${program}-`, 0o755);
  const [pair] = inject("certificates");
  const place = {
    folder,
    port: await freePort(),
    serverPort,
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
  const { folder, port, serverPort, cert, key } = place;
  const site = replaced(await readFile(path.join(published, "nginx.conf"), "utf8"), [
    ["127.0.0.1:3210", `127.0.0.1:${serverPort}`],
    ["listen 80;", `listen 127.0.0.1:${await freePort()};`],
    ["listen 443 ", `listen 127.0.0.1:${port} `],
    ["/etc/letsencrypt/live/meet.example.com/fullchain.pem", cert],
    ["/etc/letsencrypt/live/meet.example.com/privkey.pem", key],
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
  const { folder, port, serverPort, cert, key } = place;
  const site = replaced(await readFile(path.join(published, "Caddyfile"), "utf8"), [
    ["127.0.0.1:3210", `127.0.0.1:${serverPort}`],
    ["\nmeet.example.com {\n", `\nhttps://localhost:${port} {\n\ttls ${cert} ${key}\n`],
  ]);
  const file = path.join(folder, "Caddyfile");
  await writeFile(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
  return ["run", "--adapter", "caddyfile", "--config", file];
}
