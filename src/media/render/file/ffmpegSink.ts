import { type ChildProcess, spawn } from "node:child_process";
import { Writable } from "node:stream";
import { sampleRate } from "../../../core/media.ts";
import { framesPerSecond } from "../../../core/picture/geometry.ts";
import { encoding, type RenditionSink, type SinkFormat } from "./renditionSink.ts";

/** ffmpeg reads both pipes in the order it likes: only the sum of what waits may hold us up, bytes. */
const maxWaitingBytes = 64 * 2 ** 20;
const keptErrorBytes = 2000;

/** Encodes and muxes with a system ffmpeg: raw pictures and sound go in through two pipes. */
export class FfmpegSink implements RenditionSink {
  #child: ChildProcess;
  #pictures: Writable | undefined;
  #sound: Writable;
  #waiting = 0;
  #resume: (() => void) | undefined;
  #errors = "";
  #exited: Promise<void>;
  #failure: Error | undefined;

  constructor(format: SinkFormat, ffmpeg = "ffmpeg") {
    const stdio = ["ignore", "ignore", "pipe", "pipe", "pipe"] as const;
    this.#child = spawn(ffmpeg, argumentsFor(format), { stdio: [...stdio], windowsHide: true });
    this.#sound = this.#pipe(3);
    if (format.video) this.#pictures = this.#pipe(4);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorBytes);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => this.#ended(error, resolve));
      this.#child.once("close", (code) => {
        const said = this.#errors.trim().split("\n").at(-1);
        this.#ended(
          code === 0 ? undefined : new Error(`ffmpeg ended with ${code}: ${said}`),
          resolve,
        );
      });
    });
  }

  video(picture: Buffer): Promise<void> {
    return this.#write(this.#pictures, Buffer.from(picture));
  }

  audio(block: Float32Array): Promise<void> {
    const samples = block.length / 2;
    const interleaved = new Float32Array(block.length);
    for (let index = 0; index < samples; index++) {
      interleaved[2 * index] = block[index] ?? 0;
      interleaved[2 * index + 1] = block[samples + index] ?? 0;
    }
    return this.#write(this.#sound, Buffer.from(interleaved.buffer));
  }

  async finish(): Promise<void> {
    this.#pictures?.end();
    this.#sound.end();
    await this.#exited;
    if (this.#failure) throw this.#failure;
  }

  abort(): void {
    this.#child.kill("SIGKILL");
  }

  async #write(pipe: Writable | undefined, bytes: Buffer): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#waiting += bytes.length;
    pipe?.write(bytes, () => {
      this.#waiting -= bytes.length;
      if (this.#waiting <= maxWaitingBytes) this.#wake();
    });
    if (this.#waiting > maxWaitingBytes)
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    if (this.#failure) throw this.#failure;
  }

  #wake(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  #ended(failure: Error | undefined, resolve: () => void): void {
    this.#failure ??= failure;
    this.#wake();
    resolve();
  }

  #pipe(index: number): Writable {
    const stream = this.#child.stdio[index];
    if (!(stream instanceof Writable)) throw new Error("no pipe to ffmpeg");
    // A broken pipe is told by ffmpeg's own end.
    return stream.on("error", () => this.#wake());
  }
}

function argumentsFor({ path, video, threads }: SinkFormat): string[] {
  const sound = ["-f", "f32le", "-ar", String(sampleRate), "-ac", "2"];
  const inputs = [
    ...["-thread_queue_size", "64", ...sound, "-i", "pipe:3"],
    ...(video ? pictureInput(`${video.width}x${video.height}`) : []),
  ];
  return [
    ...["-hide_banner", "-loglevel", "error", "-nostdin", "-y", ...inputs],
    ...(video ? ["-map", "1:v", ...pictureCodec(threads)] : []),
    ...["-map", "0:a", "-c:a", "aac", "-b:a", String(encoding.audioBitRate)],
    ...["-movflags", "+faststart", "-f", video ? "mp4" : "ipod", `file:${path}`],
  ];
}

function pictureInput(size: string): string[] {
  const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", String(framesPerSecond)];
  const colours = ["-color_range", "tv", "-colorspace", "smpte170m"];
  return ["-thread_queue_size", "16", ...raw, ...colours, "-i", "pipe:4"];
}

function pictureCodec(threads: number): string[] {
  return [
    ...["-c:v", "libx264", "-preset", encoding.preset, "-crf", String(encoding.crf)],
    ...["-profile:v", "high", "-g", String(framesPerSecond * encoding.keyframeSeconds)],
    ...["-threads", String(threads), "-color_primaries", "bt709", "-color_trc", "bt709"],
  ];
}
