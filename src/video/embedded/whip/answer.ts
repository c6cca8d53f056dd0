/**
 * What a browser sends of video at least, kbit/s: where the machine is busy, packets that arrive late look like a line
 * that is full, and it would go down to next to nothing.
 */
const leastKbps = 150;

export interface AnswerOptions {
  /** Bit rate a browser starts sending video at, kbit/s: without it a minute passes before 720p. */
  startKbps?: number;
  /** Address clients reach when it differs from the bound one (NAT). */
  publicAddress?: string;
}

/** Completes the generated answer: start and least bit rate of video, and the public address in its candidates. */
export function completeAnswer(sdp: string, options: AnswerOptions): string {
  const { startKbps, publicAddress } = options;
  const sections = sdp.split(/(?=^m=)/m);
  const answer = sections
    .map((section) => (startKbps === undefined ? section : withStartRate(section, startKbps)))
    .join("");
  return publicAddress ? withAddress(answer, publicAddress) : answer;
}

function withStartRate(section: string, startKbps: number): string {
  const format = /^m=video \d+ \S+ (\d+)/.exec(section)?.[1];
  if (!format) return section;
  const parameter = `x-google-start-bitrate=${startKbps};x-google-min-bitrate=${leastKbps}`;
  const fmtp = new RegExp(`^(a=fmtp:${format} [^\\r\\n]*)`, "m");
  if (fmtp.test(section)) return section.replace(fmtp, `$1;${parameter}`);
  const rtpmap = new RegExp(`^(a=rtpmap:${format} [^\\r\\n]*)`, "m");
  return section.replace(rtpmap, `$1\r\na=fmtp:${format} ${parameter}`);
}

/** All host candidates become one at the public address: the port is the same everywhere. */
function withAddress(sdp: string, address: string): string {
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
