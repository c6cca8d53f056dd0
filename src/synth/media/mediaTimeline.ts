import { type AudioPacket, audioPacketMs, type MediaLoop, type VideoFrame } from "./mediaLoop.ts";

const positiveModulo = (value: number, modulus: number) => ((value % modulus) + modulus) % modulus;

/**
 * Which piece of a loop is sent when. Time runs in slots: frame slot n is at n / fps, packet slot n at n × 20 ms.
 * A jump to a key frame moves sound and picture alike, so that beep and flash stay together to within 10 ms.
 */
export class MediaTimeline {
  #loop: MediaLoop;
  /** Frames by which the content is ahead of the slots. */
  #lead = 0;

  constructor(loop: MediaLoop) {
    this.#loop = loop;
  }

  get loop(): MediaLoop {
    return this.#loop;
  }

  get frameMs(): number {
    return 1000 / this.#loop.spec.fps;
  }

  /** Goes on with another loop of the same codec and frame rate, from its next key frame when one is asked for. */
  replace(loop: MediaLoop): void {
    const { codec, fps } = this.#loop.spec;
    if (loop.spec.codec !== codec || loop.spec.fps !== fps)
      throw new RangeError(`a stream of ${codec} at ${fps} fps cannot change to another kind`);
    this.#loop = loop;
  }

  /** The frame of a slot; with `key` the content jumps forward to the next key frame first. */
  frameAt(slot: number, { key }: { key: boolean }): VideoFrame {
    const { video } = this.#loop;
    const frame = () => {
      const found = video[positiveModulo(slot + this.#lead, video.length)];
      if (!found) throw new RangeError("the loop has no picture");
      return found;
    };
    for (let tries = 0; key && !frame().key && tries < video.length; tries++) this.#lead++;
    return frame();
  }

  packetAt(slot: number): AudioPacket {
    const { audio } = this.#loop;
    const ahead = Math.round((this.#lead * this.frameMs) / audioPacketMs);
    const packet = audio[positiveModulo(slot + ahead, audio.length)];
    if (!packet) throw new RangeError("the loop has no sound");
    return packet;
  }
}
