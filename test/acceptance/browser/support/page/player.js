/** Plays a file in a page and tells what is seen and heard. Tests put this file into pages as it is. */
globalThis.Player = class Player {
  #video = Object.assign(document.createElement("video"), {
    preload: "auto",
    crossOrigin: "anonymous",
  });
  #url;
  /** Where it stands since it was sought, s. */
  #place;

  /** Opens the file; rejects with the reason when the browser cannot play it. */
  async open(url) {
    this.#url = url;
    this.#video.src = url;
    document.body.append(this.#video);
    await this.#once("loadeddata");
    const { duration, videoWidth: width, videoHeight: height } = this.#video;
    return { duration, width, height };
  }

  /** Plays until that position. Resolves with the positions at which the player said how far it is, s. */
  async playUntil(seconds) {
    const positions = [];
    const video = this.#video;
    this.#place = undefined;
    video.addEventListener("timeupdate", () => positions.push(video.currentTime));
    await video.play();
    while (!(positions.at(-1) >= seconds)) await this.#once("timeupdate");
    video.pause();
    return positions;
  }

  /** Colours `[red, green, blue]` at points (fractions of width and height) of the picture at that position. */
  async colours(seconds, points) {
    const { data, width, height } = await this.#pictureAt(seconds);
    return points.map(([x, y]) => {
      const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 4;
      return [...data.slice(at, at + 3)];
    });
  }

  /** Pitch of the sound in the second that begins at that position, Hz; 0 for silence. */
  async pitch(seconds) {
    const bytes = await (await fetch(this.#url)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(bytes);
    const from = Math.floor(seconds * sound.sampleRate);
    const samples = sound.getChannelData(0).subarray(from, from + sound.sampleRate);
    if (samples.every((sample) => Math.abs(sample) < 0.01)) return 0;
    return samples.filter((sample, index) => sample >= 0 && samples[index - 1] < 0).length;
  }

  async #pictureAt(seconds) {
    const video = this.#video;
    if (this.#place !== seconds) await this.#seek(seconds);
    const { videoWidth: width, videoHeight: height } = video;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(video, 0, 0);
    return context.getImageData(0, 0, width, height);
  }

  /** To another place than where it is: nothing is shown anew there. */
  async #seek(seconds) {
    const video = this.#video;
    this.#place = seconds;
    // What can be drawn is what was shown last, and that may still be the picture before when the player has sought.
    const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    const seeked = this.#once("seeked");
    video.currentTime = seconds;
    await Promise.all([seeked, shown]);
  }

  #once(event) {
    const video = this.#video;
    return new Promise((resolve, reject) => {
      video.addEventListener(event, resolve, { once: true });
      video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
    });
  }
};
