import { Command, InvalidArgumentError, Option } from "commander";
import {
  type RecordingConfig,
  recordingLayouts,
  recordingQualities,
} from "../../core/recording.ts";
import type { VideoCodec } from "../../synth/media/mediaLoop.ts";

export interface DemoOptions extends RecordingConfig {
  participants: number;
  seconds: number;
  /** A running server; absent: the demo starts its own. */
  url?: string;
  video: "embedded" | "getstream";
  codec: VideoCodec;
  composer?: "node-av" | "ffmpeg";
  /** Where the recording is saved. */
  out?: string;
}

/** More would not fit into an embedded room. */
const mostParticipants = 8;

/** The demo's command line; `run` receives what was asked for. */
export function demoCommand(run: (options: DemoOptions) => Promise<void>): Command {
  return new Command("demo")
    .description(
      "Holds a meeting of synthetic participants, records it and saves the recording: the whole server at work.",
    )
    .option("--participants <n>", "people in the meeting", whole(1, mostParticipants), 2)
    .option("--seconds <n>", "length of the recording", whole(1, 3600), 15)
    .addOption(choice("--layout <layout>", "how people are arranged", recordingLayouts, "grid"))
    .addOption(choice("--quality <quality>", "height of the picture", recordingQualities, "720p"))
    .option("--audio-only", "record sound alone", false)
    .option("--url <url>", "use this running server instead of starting one", serverUrl)
    .addOption(choice("--video <provider>", "whose rooms", ["embedded", "getstream"], "embedded"))
    .addOption(codecOption())
    .addOption(
      new Option("--composer <composer>", "what encodes the result (own server only)").choices([
        "node-av",
        "ffmpeg",
      ]),
    )
    .option("--out <file>", "where the recording is saved (default: connvo-demo/<id>.mp4)")
    .action(run);
}

function choice(flags: string, description: string, choices: readonly string[], first: string) {
  return new Option(flags, description).choices(choices).default(first);
}

function codecOption(): Option {
  return new Option("--codec <codec>", "what participants send: vp8 or h264")
    .default("VP8", "vp8")
    .argParser((value: string): VideoCodec => {
      const codec = value.toUpperCase();
      if (codec === "VP8" || codec === "H264") return codec;
      throw new InvalidArgumentError("vp8 or h264");
    });
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
  };
}

function serverUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new InvalidArgumentError("an address like http://127.0.0.1:3210");
  return text.replace(/\/+$/, "");
}
