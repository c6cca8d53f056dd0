import type { Writable } from "node:stream";
import cliProgress from "cli-progress";

export interface Progress {
  /** @param done 0–1 @param note shown beside the bar */
  update(done: number, note?: string): void;
  stop(): void;
}

/** What the user sees. */
export interface Output {
  line(text: string): void;
  /** A bar on a terminal; elsewhere a line whenever another quarter is done. */
  progress(title: string): Progress;
}

export function createOutput(stream: Writable & { isTTY?: boolean }): Output {
  const line = (text: string) => void stream.write(`${text}\n`);
  return {
    line,
    progress: (title) => (stream.isTTY ? terminalBar(title, stream) : plainSteps(title, line)),
  };
}

const titleWidth = 12;

function terminalBar(title: string, stream: Writable): Progress {
  const bar = new cliProgress.SingleBar({
    format: `${title.padEnd(titleWidth)} {bar} {percentage}%  {note}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    hideCursor: true,
    stream,
  });
  bar.start(1000, 0, { note: "" });
  return {
    update: (done, note = "") => bar.update(Math.round(done * 1000), { note }),
    stop: () => bar.stop(),
  };
}

function plainSteps(title: string, line: (text: string) => void): Progress {
  let shown = -1;
  return {
    update: (done, note = "") => {
      const quarter = Math.floor(done * 4);
      if (quarter <= shown) return;
      shown = quarter;
      line(`${title.padEnd(titleWidth)} ${String(quarter * 25).padStart(3)}%  ${note}`.trimEnd());
    },
    stop: () => undefined,
  };
}
