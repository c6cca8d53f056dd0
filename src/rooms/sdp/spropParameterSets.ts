/** A stream has one or two of each; more, or larger ones, only cost memory. */
const maxSets = 16;
const maxSetBytes = 1024;

const sequenceParameterSet = 7;
const pictureParameterSet = 8;

/**
 * The H.264 parameter sets an `fmtp` value tells in `sprop-parameter-sets` (RFC 6184 §8.1), as NAL units without start
 * codes. What is malformed, too large, or another kind of NAL unit is left out.
 */
export function parameterSetsOf(fmtp: string): Buffer[] {
  const list = /(?:^|;)\s*sprop-parameter-sets=([^;\s]*)/i.exec(fmtp)?.[1] ?? "";
  return list.split(",", maxSets).flatMap((text) => decode(text) ?? []);
}

function decode(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]{2,}={0,2}$/.test(text) || text.length > Math.ceil(maxSetBytes / 3) * 4)
    return undefined;
  const unit = Buffer.from(text, "base64");
  const [head = 0xff] = unit;
  const type = head & 0x1f;
  const known = type === sequenceParameterSet || type === pictureParameterSet;
  return known && head < 0x80 && unit.length > 1 ? unit : undefined;
}
