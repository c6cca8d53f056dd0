/**
 * Asks for retransmission of lost audio: browsers do it when both sides have agreed, but do not offer it by themselves.
 */
export function withAudioRetransmission(sdp: string): string {
  const sections = sdp.split(/(?=^m=)/m);
  return sections
    .map((section) => (section.startsWith("m=audio") ? withNack(section) : section))
    .join("");
}

function withNack(section: string): string {
  return section.replace(
    /^a=rtpmap:(\d+) opus\/48000.*(\r?\n)/im,
    (line, format: string, end: string) =>
      section.includes(`a=rtcp-fb:${format} nack`) ? line : `${line}a=rtcp-fb:${format} nack${end}`,
  );
}
