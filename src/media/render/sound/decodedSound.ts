import { constants, type Frame } from "../decode/nodeAv.ts";

/** Decoded sound: native memory, valid until the next frame is decoded. */
export interface Sound {
  left: Float32Array;
  right: Float32Array;
}

/** The sound in a decoded frame, what is in one channel in both; undefined when it is none that Opus decodes to. */
export function soundOf({ format, data, nbSamples }: Frame): Sound | undefined {
  if (format !== constants.AV_SAMPLE_FMT_FLTP) return undefined;
  const channels = (data ?? []).map(
    ({ buffer, byteOffset }) => new Float32Array(buffer, byteOffset, nbSamples),
  );
  const [left, right = left] = channels;
  return left && right ? { left, right } : undefined;
}
