const sampleRate = 48_000;

/** Pseudo-random numbers from −1 to 1, always the same ones. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/**
 * Something like a voice: a buzz with its overtones in syllables and phrases, with a little room around it. `decibels`
 * is how much louder it is than −20 LUFS, about.
 */
export function voice(hertz: number, decibels: number, seed = 1): (index: number) => number {
  const random = randomOf(seed);
  const amplitude = 0.24 * 10 ** (decibels / 20);
  return (index) => {
    const seconds = index / sampleRate;
    const syllable = Math.max(
      0,
      Math.sin(2 * Math.PI * (3.7 * seconds + 0.13 * Math.sin(seconds))),
    );
    const phrase = (seconds + seed) % 3.1 < 2.5 ? 1 : 0;
    let buzz = 0;
    for (let overtone = 1; overtone <= 12; overtone++)
      buzz += Math.sin(2 * Math.PI * hertz * overtone * seconds + overtone * overtone) / overtone;
    return (
      amplitude *
      (syllable * phrase * (0.7 + 0.3 * Math.sin(1.9 * seconds)) * buzz + 0.004 * random())
    );
  };
}

export const square = (hertz: number, amplitude: number) => (index: number) =>
  Math.sin((2 * Math.PI * hertz * index) / sampleRate) >= 0 ? amplitude : -amplitude;
