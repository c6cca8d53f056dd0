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

  context: undefined,
  analysers: new WeakMap(),

  /** An element can be listened to once only. */
  analyserOf(element) {
    this.context ??= new AudioContext();
    const known = this.analysers.get(element);
    if (known !== undefined) return known;
    const analyser = new AnalyserNode(this.context, { fftSize: 256 });
    this.context
      .createMediaElementSource(element)
      .connect(analyser)
      .connect(this.context.destination);
    this.analysers.set(element, analyser);
    return analyser;
  },

  /** Begins again whenever the page itself was held up, and so cannot tell what was to be seen and heard meanwhile. */
  async lipSync(seconds) {
    const player = this.player;
    const from = player.currentTime;
    for (;;) {
      await player.play();
      const noticed = await this.notice(from + seconds);
      player.pause();
      if (noticed !== undefined) return noticed;
      await this.seek(from);
    }
  },

  /** Flashes and beeps from here to that position or the end; undefined when not all of it was looked at. */
  async notice(until) {
    const player = this.player;
    const audio = [...player.shadowRoot.querySelectorAll("audio")];
    const ears = audio.map((element) => {
      return {
        whose: element.dataset.participant,
        analyser: this.analyserOf(element),
        samples: new Float32Array(256),
        beeps: [],
        was: true,
      };
    });
    const eyes = this.videos.map(({ name, video }) => ({ name, video, flashes: [], was: true }));
    let last = player.currentTime;
    while (last < until && !player.ended) {
      await new Promise((resolve) => setTimeout(resolve, 4));
      const now = player.currentTime;
      // Longer than a beep and the silence after it.
      if (now - last > 1) return undefined;
      last = now;
      for (const ear of ears) {
        ear.analyser.getFloatTimeDomainData(ear.samples);
        const is = ear.samples.some((sample) => Math.abs(sample) > 0.05);
        if (is && !ear.was) ear.beeps.push(now);
        ear.was = is;
      }
      for (const eye of eyes) {
        const { data } = this.pixels(eye.video, 0.3, 0.64, 0.4, 0.12);
        const is = data.reduce((sum, value) => sum + value, 0) / data.length > 170;
        if (is && !eye.was) eye.flashes.push(now);
        eye.was = is;
      }
    }
    return eyes.map(({ name, video, flashes }) => {
      const own = ears.filter(({ whose }) => whose === video.dataset.participant);
      return { name, flashes, beeps: own.flatMap(({ beeps }) => beeps) };
    });
  },
};
