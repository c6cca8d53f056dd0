/** Frame lengths by configuration number (RFC 6716 §3.1), ms. */
const silkMs = [10, 20, 40, 60];
const hybridMs = [10, 20];
const celtMs = [2.5, 5, 10, 20];

/** How long the sound of a packet lasts, ms; `packet` needs its first two bytes. */
export function opusDurationMs(packet: Buffer): number {
  const [toc = 0, count = 1] = packet;
  const config = toc >> 3;
  const byConfig = config < 12 ? silkMs[config & 3] : undefined;
  const frameMs = byConfig ?? (config < 16 ? hybridMs[config & 1] : celtMs[config & 3]) ?? 20;
  const code = toc & 3;
  return frameMs * (code === 0 ? 1 : code === 3 ? count & 63 : 2);
}

/** Silence in the smallest packets there are: 20 ms in one frame, 120 ms in six. */
const shortSilence = Buffer.from("f8fffe", "hex");
const longSilence = Buffer.from(`fb06${"fffe".repeat(6)}`, "hex");

/** Packets of silence for `ms` and what is left of it below 20 ms unfilled, with their times from zero. */
export function silencePackets(ms: number): { data: Buffer; ms: number }[] {
  const packets: { data: Buffer; ms: number }[] = [];
  let at = 0;
  for (; ms - at >= 120; at += 120) packets.push({ data: longSilence, ms: at });
  for (; ms - at >= 20; at += 20) packets.push({ data: shortSilence, ms: at });
  return packets;
}
