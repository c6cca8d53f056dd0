import type { MediaDevicesLike } from "../local/devices.ts";

/** Devices of a computer, and what its person allows. */
export class FakeDevices extends EventTarget implements MediaDevicesLike {
  /** Names of errors, by kind; none = it works. */
  readonly broken: { audio?: string; video?: string } = {};
  readonly asked: string[] = [];

  async getUserMedia({ audio, video }: MediaStreamConstraints = {}): Promise<MediaStream> {
    const kinds = [audio && "audio", video && "video"].filter(
      (kind) => kind === "audio" || kind === "video",
    );
    this.asked.push(kinds.join("+"));
    for (const kind of kinds) {
      const name = this.broken[kind];
      if (name !== undefined) throw new DOMException("no", name);
    }
    const tracks = kinds.map((kind) => new FakeTrack(kind) as unknown as MediaStreamTrack);
    return { getTracks: () => tracks } as MediaStream;
  }

  async enumerateDevices(): Promise<MediaDeviceInfo[]> {
    const device = (kind: MediaDeviceKind, deviceId: string, label: string) =>
      ({ kind, deviceId, label, groupId: "" }) as MediaDeviceInfo;
    return [
      device("audioinput", "microphone-1", "Desk microphone"),
      device("videoinput", "camera-1", ""),
    ];
  }
}

export class FakeTrack extends EventTarget {
  readonly kind: string;
  readyState = "live";
  enabled = true;
  contentHint = "";

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  getSettings() {
    return { deviceId: `${this.kind === "audio" ? "microphone" : "camera"}-1` };
  }

  stop(): void {
    this.readyState = "ended";
  }

  unplug(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }
}
