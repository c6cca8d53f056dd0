import type { AppendFile } from "./appendFile.ts";
import type { TrackFiles, TrackWriter } from "./trackWriter.ts";

interface OpenTrack {
  participant: string;
  writer: TrackWriter;
  files: TrackFiles;
}

/** The tracks of a capture whose files are open, and the size of those that were. */
export class OpenTracks {
  #tracks = new Map<string, OpenTrack>();
  #endedBytes = 0;

  /** Bytes accepted, of ended tracks too. */
  get bytes(): number {
    return this.#endedBytes + this.#sum((file) => file.bytes);
  }

  /** Bytes accepted and not yet handed to the operating system. */
  get queuedBytes(): number {
    return this.#sum((file) => file.queuedBytes);
  }

  add(id: string, track: OpenTrack): void {
    this.#tracks.set(id, track);
  }

  participantOf(id: string): string | undefined {
    return this.#tracks.get(id)?.participant;
  }

  /** Ends every track. */
  endAll(reason: string): void {
    for (const { writer } of [...this.#tracks.values()]) writer.end(reason);
  }

  /** An ended track keeps its place until its files are closed, so that `close` waits for it. */
  end(id: string): void {
    const track = this.#tracks.get(id);
    if (!track) return;
    const forget = () => {
      if (this.#tracks.delete(id)) this.#endedBytes += track.files.media.bytes;
    };
    closeFiles(track.files).then(forget, forget);
  }

  /** Hands all that was accepted to the operating system. */
  flush(): Promise<void> {
    return this.#each((file) => file.flush());
  }

  /** Makes all that was accepted durable. */
  sync(): Promise<void> {
    return this.#each((file) => file.sync());
  }

  /** Closes all files. */
  async close(): Promise<void> {
    await Promise.all([...this.#tracks.values()].map(({ files }) => closeFiles(files)));
  }

  async #each(work: (file: AppendFile) => Promise<void>): Promise<void> {
    const files = [...this.#tracks.values()].flatMap(({ files: { media, index } }) => [
      media,
      index,
    ]);
    await Promise.all(files.map(work));
  }

  #sum(amount: (file: AppendFile) => number): number {
    return [...this.#tracks.values()].reduce((sum, { files }) => sum + amount(files.media), 0);
  }
}

async function closeFiles({ media, index }: TrackFiles): Promise<void> {
  await Promise.all([media.close(), index.close()]);
}
