import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { options } from "./options.ts";
import { projectRoot } from "./paths.ts";

const read = (name: string) => readFileSync(path.join(projectRoot(), name), "utf8");
const dockerfile = read("Dockerfile");
const compose = read("compose.yaml");
const { engines, scripts } = JSON.parse(read("package.json")) as {
  engines: { node: string };
  scripts: Record<string, string>;
};

const known = new Set<string>(Object.values(options).map(({ env }) => env));
const matches = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, found]) => found ?? "");

describe("the systemd unit", () => {
  const unit = read("deploy/connvo.service");
  const value = (name: string) => matches(unit, new RegExp(`^${name}=(.*)$`, "gm"));

  it("runs what the build makes, sets options there are, and leaves a stop to the server", () => {
    expect(value("ExecStart")).toEqual(["/usr/bin/node --enable-source-maps dist/main.js"]);
    const names = matches(value("Environment").join(" "), /(CONNVO_[A-Z0-9_]+)=/g);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(value("KillMode")).toEqual(["process"]);
    const [gentle, hurried] = matches(
      read("src/app/stopRequest.ts"),
      /^const \w+Ms = (\d+_000);$/gm,
    );
    const mostMs = Number(gentle?.replace("_", "")) + Number(hurried?.replace("_", ""));
    expect(mostMs).toBe(60_000);
    expect(Number(value("TimeoutStopSec")[0]) * 1000).toBeGreaterThan(mostMs);
  });
});

describe("the Dockerfile", () => {
  const runtime = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));

  it("sets options there are, NODE_ENV apart", () => {
    const block = /^ENV ((?:.*\\\n)*.*)/m.exec(runtime)?.[1] ?? "";
    const names = matches(block, /([A-Z0-9_]+)=/g).filter((name) => name !== "NODE_ENV");
    expect(names).toContain("CONNVO_DATA_DIR");
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  it("exposes the ports it sets, which are the default ones", () => {
    const [exposed] = matches(runtime, /^EXPOSE (.*)$/gm);
    expect(exposed).toBe(`${options.port.default}/tcp ${options.rtcPort.default}/udp`);
    expect(runtime).toContain(`PORT=${options.port.default} `);
    expect(runtime).toContain(`CONNVO_RTC_PORT=${options.rtcPort.default}\n`);
  });

  it("stands on a Node that package.json allows", () => {
    const [major] = matches(dockerfile, /^ARG NODE_IMAGE=node:(\d+)-/gm);
    const [least] = matches(engines.node, /^>=(\d+)\./g);
    expect(Number(major)).toBeGreaterThan(Number(least));
  });

  it("runs what the build makes, from the files it copies", () => {
    expect(read("scripts/build.mjs")).toContain('main: "src/main.ts"');
    expect(scripts["start"]).toBe("node scripts/start.mjs");
    expect(read("scripts/start.mjs")).toContain('"dist", "main.js"');
    expect(runtime).toContain('CMD ["node", "--enable-source-maps", "dist/main.js"]');
    for (const needed of ["node_modules", "dist", "package.json", "migrations"])
      expect(runtime).toMatch(new RegExp(`^COPY .*\\b${needed}`, "m"));
  });

  it("copies what .dockerignore lets in, and only that", () => {
    const allowed = new Set(matches(read(".dockerignore"), /^!(.*)$/gm));
    const copied = matches(dockerfile, /^COPY (?!--from)(.*) \S+$/gm).flatMap((part) =>
      part.split(" ").map((name) => name.split("/")[0] ?? ""),
    );
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((name) => !allowed.has(name))).toEqual([]);
    expect([...allowed].filter((name) => !copied.includes(name))).toEqual([]);
  });

  it("is without rights, looks after its health and is told to end as we listen", () => {
    expect(runtime.indexOf("\nUSER node")).toBeGreaterThan(runtime.lastIndexOf("\nRUN "));
    expect(runtime).toContain("\nSTOPSIGNAL SIGTERM");
    expect(read("src/main.ts")).toContain('"SIGTERM"');
    expect(runtime).toContain('CMD ["node", "scripts/healthcheck.mjs"]');
    expect(read("scripts/healthcheck.mjs")).toContain('"/readyz"');
    expect(read("src/http/health.ts")).toContain('"/readyz"');
  });
});

describe("deploy/nodes/compose.yaml", () => {
  const nodes = read("deploy/nodes/compose.yaml");
  const service = nodes.slice(nodes.indexOf("  connvo:"), nodes.indexOf("\n  nginx:"));

  it("sets options there are, and what all nodes must share", () => {
    const names = matches(service, /^ {6}([A-Z0-9_]+): /gm);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    const needed = ["DATABASE_URL", "CONNVO_ADMIN_KEY", "STREAM_API_KEY", "CONNVO_S3_BUCKET"];
    expect(names).toEqual(expect.arrayContaining(needed));
  });

  it("trusts its own network, mounts files there are, and finds the service by its name", () => {
    const [subnet] = matches(nodes, /- subnet: (\S+)$/gm);
    expect(service).toContain(`CONNVO_TRUSTED_PROXIES: ${subnet}\n`);
    expect(matches(nodes, /^ {6}- \.\/([\w./-]+):/gm)).toEqual(["nginx.conf", "certificates"]);
    expect(read("deploy/nodes/nginx.conf")).toContain(`server connvo:${options.port.default} `);
  });
});

describe("compose.yaml", () => {
  const service = compose.slice(compose.indexOf("  connvo:"), compose.indexOf("\n  postgres:"));

  it("sets options there are", () => {
    const names = matches(service, /^ {6}([A-Z0-9_]+): /gm);
    expect(names).toContain("CONNVO_PUBLIC_URL");
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });

  it("publishes the image's ports under the same numbers", () => {
    const ports = matches(service, /^ {6}- "\$\{\w+:-[\d.]+\}:(\d+:\d+\/\w+)"$/gm);
    const [tcp, udp] = [options.port.default, options.rtcPort.default];
    expect(ports).toEqual([`${tcp}:${tcp}/tcp`, `${udp}:${udp}/udp`]);
  });

  it("keeps the data in the image's volume, and gives the server time to end", () => {
    expect(service).toContain(`- data:${matches(dockerfile, /^VOLUME (.*)$/gm)[0]}\n`);
    const [grace] = matches(service, /stop_grace_period: (\d+)s/g);
    const [drainMs] = matches(read("src/app/app.ts"), /drainMs = ([\d_]+)/g);
    expect(Number(grace) * 1000).toBeGreaterThan(Number(drainMs?.replace("_", "")) * 2);
  });

  it("mounts files there are", () => {
    const mounted = matches(compose, /^ {6}- \.\/([\w./-]+):/gm);
    expect(mounted).toEqual(["deploy/coturn.conf"]);
    for (const file of mounted) expect(read(file).length).toBeGreaterThan(0);
  });
});
