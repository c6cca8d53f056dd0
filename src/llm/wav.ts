/** 16-bit mono samples as a WAV file. */
export function wavOf(samples: Buffer, sampleRate: number): Uint8Array<ArrayBuffer> {
  const file = Buffer.alloc(44 + samples.length);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + samples.length, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  // PCM, one channel.
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(2 * sampleRate, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples.length, 40);
  samples.copy(file, 44);
  return new Uint8Array(file);
}
