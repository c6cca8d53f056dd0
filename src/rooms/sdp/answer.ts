import { attribute, parseSdp } from "./sdp.ts";

/**
 * What a browser sends of video at least, kbit/s: where the machine is busy, packets that arrive late look like a line
 * that is full, and it would go down to next to nothing.
 */
const leastKbps = 150;

/** What an answer says of one line of its offer. */
export interface AnsweredLine {
  kind: string;
  protocol: string;
  /** Absent where the offer has no usable one. */
  mid: string | undefined;
  /** The payload type, or what else stands behind the protocol. */
  format: string;
  /** Attribute lines without `a=`, all but those of the transport. */
  attributes: string[];
  /** Why nothing is received on it; absent for a line that is taken. */
  refused?: string;
}

export interface AnswerOptions {
  /** Bit rate a browser starts sending video at, kbit/s: without it a minute passes before 720p. */
  startKbps?: number;
  /** Address clients reach when it differs from the bound one (NAT). */
  publicAddress?: string;
}

/**
 * The answer to an offer, line by line: those that are taken are bundled on the transport that the library's own
 * answer `transport` tells of, whose candidates stand in the first of them; the others have port 0.
 * @throws Error when `transport` is no answer
 */
export function writeAnswer(
  lines: readonly AnsweredLine[],
  transport: string,
  options: AnswerOptions,
): string {
  const { origin, session, line, candidates } = readTransport(transport);
  const taken = lines.filter(({ refused }) => refused === undefined);
  const sections = lines.flatMap((answered) => {
    const { kind, protocol, format, refused } = answered;
    // Some senders (GStreamer) look for a transport in refused lines too.
    const attributes = [...attributesOf(answered, options), ...line];
    if (answered === taken[0]) attributes.push(...candidates);
    return [
      `m=${kind} ${refused === undefined ? 9 : 0} ${protocol} ${format}`,
      "c=IN IP4 0.0.0.0",
      ...attributes.map((text) => `a=${text}`),
    ];
  });
  const bundle = `a=group:BUNDLE ${taken.map(({ mid }) => mid).join(" ")}`;
  const head = [
    "v=0",
    `o=${origin}`,
    "s=-",
    "t=0 0",
    bundle,
    ...session.map((text) => `a=${text}`),
  ];
  return withPublicAddress([...head, ...sections, ""].join("\r\n"), options.publicAddress);
}

interface Transport {
  origin: string;
  /** Attributes of the session, of every line, and of the first one. */
  session: string[];
  line: string[];
  candidates: string[];
}

function readTransport(sdp: string): Transport {
  const parsed = parseSdp(sdp);
  const [media] = parsed?.media ?? [];
  if (!parsed || !media) throw new Error("the transport gave no answer");
  const told = [...media.attributes, ...parsed.attributes];
  const one = (name: string): string => {
    const value = attribute(told, name);
    if (!value) throw new Error(`the transport's answer has no ${name}`);
    return `${name}:${value}`;
  };
  const options = attribute(told, "ice-options");
  return {
    origin: parsed.origin,
    session: [...(options ? [`ice-options:${options}`] : []), one("fingerprint")],
    line: [one("setup"), one("ice-ufrag"), one("ice-pwd")],
    candidates: told.filter((text) => /^candidate:|^end-of-candidates$/.test(text)),
  };
}

/** All host candidates become one at the public address, if there is one: the port is the same everywhere. */
export function withPublicAddress(sdp: string, address: string | undefined): string {
  if (!address) return sdp;
  let written = false;
  return sdp.replace(
    /^a=candidate:(\S+ \d+ \S+ \d+) \S+ (\d+) typ host.*\r?\n/gm,
    (_, head, port) => {
      if (written) return "";
      written = true;
      return `a=candidate:${head} ${address} ${port} typ host\r\n`;
    },
  );
}

function attributesOf(line: AnsweredLine, { startKbps }: AnswerOptions): string[] {
  const { kind, format, attributes, refused } = line;
  if (kind !== "video" || refused !== undefined || startKbps === undefined) return [...attributes];
  const rates = `x-google-start-bitrate=${startKbps};x-google-min-bitrate=${leastKbps}`;
  const own = `fmtp:${format} `;
  const told = attributes.some((text) => text.startsWith(own));
  const after = `rtpmap:${format} `;
  return attributes.flatMap((text) => {
    if (text.startsWith(own)) return [`${text};${rates}`];
    return !told && text.startsWith(after) ? [text, `${own}${rates}`] : [text];
  });
}
