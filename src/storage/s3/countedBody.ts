import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";

/** Passes a body on, and fails where it is not as long as was announced: some proxies end it early without an error. */
export function countedBody(body: Readable, expectedBytes: number): Readable {
  let missing = expectedBytes;
  const counter = new Transform({
    transform: (chunk: Buffer, _encoding, done: TransformCallback) => {
      missing -= chunk.length;
      done(null, chunk);
    },
    flush: (done) => {
      if (missing === 0) return done();
      const sent = expectedBytes - missing;
      done(new Error(`the store sent ${sent} of ${expectedBytes} bytes`));
    },
  });
  // Either end takes the other with it; the reader meets the error on the counter.
  return pipeline(body, counter, () => undefined);
}
