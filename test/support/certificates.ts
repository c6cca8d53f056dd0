import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import type { TlsPair } from "../../src/http/tls.ts";

/** Names and addresses a certificate is for, and how long. */
export interface CertificateRequest {
  hosts: readonly string[];
  /** Epoch ms; by default yesterday and tomorrow. */
  validFrom?: number;
  validTo?: number;
}

/** An authority of the tests' own, whose certificates are good wherever `cert` is trusted. */
export interface TestAuthority {
  readonly cert: string;
  issue(request: CertificateRequest): TlsPair;
}

const dayMs = 24 * 3600 * 1000;

/** Makes an authority (P-256), new each time. */
export function createAuthority(name = "Connvo tests"): TestAuthority {
  const { publicKey, privateKey } = newKeys();
  const cert = certificate({
    subject: name,
    issuer: name,
    publicKey,
    signer: privateKey,
    extensions: [extension("551d13", true, sequence(tlv(0x01, Buffer.of(0xff))))],
  });
  return {
    cert,
    issue: (request) => {
      const keys = newKeys();
      const { hosts } = request;
      const leaf = certificate({
        ...request,
        subject: hosts[0] ?? "",
        issuer: name,
        publicKey: keys.publicKey,
        signer: privateKey,
        extensions: [extension("551d11", false, sequence(...hosts.map(generalName)))],
      });
      return {
        cert: leaf,
        key: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
      };
    },
  };
}

interface CertificateParts {
  subject: string;
  issuer: string;
  publicKey: KeyObject;
  signer: KeyObject;
  extensions: readonly Buffer[];
  validFrom?: number;
  validTo?: number;
}

/** An X.509 v3 certificate in PEM (RFC 5280). */
function certificate(parts: CertificateParts): string {
  const { validFrom = Date.now() - dayMs, validTo = Date.now() + dayMs } = parts;
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ecdsaWithSha256,
    commonName(parts.issuer),
    sequence(time(validFrom), time(validTo)),
    commonName(parts.subject),
    parts.publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign("sha256", body, parts.signer);
  const der = sequence(body, ecdsaWithSha256, tlv(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function newKeys() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** DER: a tag, the length, the content. */
function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const bytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...bytes), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

const objectId = (hex: string) => tlv(0x06, Buffer.from(hex, "hex"));

const ecdsaWithSha256 = sequence(objectId("2a8648ce3d040302"));

function commonName(name: string): Buffer {
  const attribute = sequence(objectId("550403"), tlv(0x0c, Buffer.from(name)));
  return sequence(tlv(0x31, attribute));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const mark = critical ? [tlv(0x01, Buffer.of(0xff))] : [];
  return sequence(objectId(id), ...mark, tlv(0x04, value));
}

function generalName(host: string): Buffer {
  return isIPv4(host)
    ? tlv(0x87, Buffer.from(host.split(".").map(Number)))
    : tlv(0x82, Buffer.from(host));
}
