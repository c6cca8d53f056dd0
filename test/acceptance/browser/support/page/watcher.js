/** Looks at and into the player of a page. Tests put this file into pages as it is. */
globalThis.watcher = {
  get player() {
    return document.querySelector("connvo-playback");
  },

  state() {
    const player = this.player;
    const root = player?.shadowRoot;
    const shown = [...(root?.querySelectorAll(".tile:not([hidden]) .name") ?? [])];
    return {
      source: player?.sourceKind,
      currentTime: player?.currentTime ?? 0,
      duration: player?.duration ?? 0,
      paused: player?.paused ?? true,
      playbackRate: player?.playbackRate ?? 0,
      volume: player?.volume ?? 0,
      captions: player?.textTracks.showing ?? false,
      caption: root?.querySelector(".caption")?.textContent ?? "",
      names: shown.map((element) => element.textContent),
      error: player?.error?.message,
      drifts: player?.drifts ?? [],
    };
  },

  play() {
    return this.player.play();
  },

  pause() {
    this.player.pause();
  },

  async seek(seconds) {
    const player = this.player;
    const seeked = new Promise((resolve) => {
      player.addEventListener("seeked", resolve, { once: true });
    });
    player.currentTime = seconds;
    await seeked;
  },

  set({ rate, volume }) {
    if (rate !== undefined) this.player.playbackRate = rate;
    if (volume !== undefined) this.player.volume = volume;
  },

  /** The videos that can be seen, with the name of whose they are. */
  get videos() {
    const root = this.player.shadowRoot;
    const tiles = [...root.querySelectorAll(".tile:not([hidden])")];
    return tiles.flatMap((tile) => {
      const video = tile.querySelector("video");
      return video ? [{ name: tile.querySelector(".name").textContent, video }] : [];
    });
  },

  /** Mean red, green and blue of each, 0–255. */
  async colours() {
    return this.videos.map(({ name, video }) => {
      const { data } = this.pixels(video, 0.1, 0.16, 0.8, 0.16);
      const sum = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4)
        for (const channel of [0, 1, 2]) sum[channel] += data[at + channel];
      return { name, rgb: sum.map((value) => value / (data.length / 4)) };
    });
  },

  pixels(video, x, y, width, height) {
    const { videoWidth: w, videoHeight: h } = video;
    const context = new OffscreenCanvas(64, 16).getContext("2d", { willReadFrequently: true });
    context.drawImage(video, x * w, y * h, width * w, height * h, 0, 0, 64, 16);
    return context.getImageData(0, 0, 64, 16);
  },

  /** Plays for some seconds from here and notes everybody's flashes and beeps. */
  lipSync(seconds) {
    return new globalThis.Attention(this, { pictures: true }).attend(seconds);
  },

  /** The same for sound alone, which asks much less of the machine. */
  beeps(seconds) {
    return new globalThis.Attention(this, { pictures: false }).attend(seconds);
  },

  /** When somebody begins to speak who was silent for a second. */
  voices(seconds) {
    return new globalThis.Attention(this, { pictures: false, pause: 1 }).attend(seconds);
  },
};
