// The one way to node-av: it calls Promise.withResolvers, which Node has from 22 on.
if (!("withResolvers" in Promise))
  Object.defineProperty(Promise, "withResolvers", {
    configurable: true,
    writable: true,
    value: () => {
      const settlers: { resolve?: unknown; reject?: unknown } = {};
      const promise = new Promise((resolve, reject) =>
        Object.assign(settlers, { resolve, reject }),
      );
      return { promise, ...settlers };
    },
  });

export * as constants from "node-av/constants";
export { Codec, CodecContext, FFmpegError, Frame, Log, Packet, Rational } from "node-av/lib";
