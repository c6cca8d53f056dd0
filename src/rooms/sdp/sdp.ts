import { textLines } from "../../core/text/textLines.ts";

/** One m-section of a session description. */
export interface MediaSection {
  kind: string;
  port: number;
  protocol: string;
  /** Payload types in the sender's order of preference. */
  formats: string[];
  /** Attribute lines without `a=`. */
  attributes: string[];
}

export interface SessionDescription {
  /** Session attributes without `a=`. */
  attributes: string[];
  origin: string;
  media: MediaSection[];
}

/** There are 128 payload types: what else a list holds only costs time. */
const maxFormats = 128;

/** Splits an SDP into its parts; undefined when it is none. */
export function parseSdp(text: string): SessionDescription | undefined {
  const lines = textLines(text);
  if (lines[0] !== "v=0" || lines.some((line) => !/^[a-z]=/.test(line))) return undefined;
  const session: SessionDescription = { attributes: [], origin: "", media: [] };
  for (const line of lines) {
    const value = line.slice(2);
    if (line.startsWith("m=")) {
      const section = parseMediaLine(value);
      if (!section) return undefined;
      session.media.push(section);
    } else if (line.startsWith("o=") && session.media.length === 0) session.origin = value;
    else if (line.startsWith("a=")) (session.media.at(-1) ?? session).attributes.push(value);
  }
  return session.origin === "" ? undefined : session;
}

function parseMediaLine(value: string): MediaSection | undefined {
  const match = /^([\w-]+) (\d{1,5})(?:\/\d+)? ([\w/.-]+) (\S.*)$/.exec(value);
  const [, kind, port, protocol, formats] = match ?? [];
  if (!kind || !port || !protocol || !formats) return undefined;
  const list = formats.trim().split(/ +/).slice(0, maxFormats);
  return { kind, port: Number(port), protocol, formats: list, attributes: [] };
}

/** Value of the first attribute `name`; "" for a flag; undefined when absent. */
export function attribute(attributes: readonly string[], name: string): string | undefined {
  for (const line of attributes) {
    if (line === name) return "";
    if (line.startsWith(`${name}:`)) return line.slice(name.length + 1);
  }
  return undefined;
}

/** Values of attribute `name` for one payload type, e.g. `fmtp`. */
export function formatAttributes(section: MediaSection, name: string, format: string): string[] {
  const prefix = `${name}:${format} `;
  return section.attributes
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length));
}
