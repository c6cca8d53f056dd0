/** What readers skip, split at, or repeat. */
const pieces = [
  " ",
  "\t",
  "\r",
  "\n",
  "-",
  ":",
  ";",
  "=",
  "/",
  "a",
  "0",
  '"',
  "\\",
  "[",
  "{}",
  " \r",
  "a=",
  "% ",
];
const places = 3;
/** As long as what is read of strangers, bytes. */
const lengths = [60_000, 250_000];

/**
 * Each input with one piece repeated without end at some places: a reader that goes over that again and again needs minutes
 * for a few of them, one that does not needs milliseconds.
 */
export function* pumped(corpus: readonly Buffer[]): Generator<Buffer> {
  for (const input of corpus)
    for (const piece of pieces)
      for (const length of lengths) {
        const run = Buffer.alloc(length, piece);
        for (let place = 0; place <= places; place++) {
          const at = Math.floor((input.length * place) / places);
          yield Buffer.concat([input.subarray(0, at), run, input.subarray(at)]);
        }
      }
}
