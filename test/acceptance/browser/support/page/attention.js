/**
 * Plays a part of a recording and notes all flashes and beeps in it. What may have been missed, because the page or the
 * sound was held up, is played again. Times are seconds of the recording. Tests put this file into pages as it is.
 */
globalThis.Attention = class Attention {
  static #everyMs = 15;
  /** Flashes are longer, s. */
  static #glance = 0.08;
  /** Further off than this a track is sought, s: what is between is skipped. */
  static #mostOff = 0.35;
  /** So long before and after a skip, something may have been missed, s. */
  static #margin = 0.5;
  /** Tracks need some time to come together after a start, s. */
  static #lead = 1;

  /** Only where nothing is played at all it takes as many. */
  static #mostPlays = 50;

  #watcher;
  #pictures;
  #pause;
  /** `[from, to]`, ascending. */
  #missed = [];
  /** Attended to just now; a skip shows a little later only. */
  #recent = [];
  /** Position up to which something may still be missed after a skip. */
  #unsureUntil = 0;
  #skipped = false;
  #noted = new Map();

  /** `pictures`: whether to look for flashes too; `pause`: between two flashes or beeps there is more, s. */
  constructor(watcher, { pictures, pause = 0.2 }) {
    this.#watcher = watcher;
    this.#pictures = pictures;
    this.#pause = pause;
  }

  /** From where the player is. Resolves with the beginning of each flash and beep of all who have a picture. */
  async attend(seconds) {
    const { player } = this.#watcher;
    const from = player.currentTime;
    const to = Math.min(from + seconds, this.#end);
    this.#missed = [[from, to]];
    await globalThis.Ear.open();
    const skip = ({ target }) => {
      if (this.#elements.includes(target)) this.#skipped = true;
    };
    player.shadowRoot.addEventListener("seeking", skip, true);
    for (let plays = 0; this.#missed.length > 0; plays++) {
      if (plays === Attention.#mostPlays)
        throw new Error(`missed again and again: ${JSON.stringify(this.#missed)}`);
      await this.#watcher.seek(Math.max(0, this.#missed[0][0] - Attention.#lead));
      await this.#play();
    }
    player.shadowRoot.removeEventListener("seeking", skip, true);
    const beginnings = (times) =>
      times
        .filter((at) => at >= from && at <= to)
        .sort((one, other) => one - other)
        .filter((at, index, all) => !(at - all[index - 1] <= this.#pause));
    return [...this.#noted.values()]
      .filter(({ name }) => name !== undefined)
      .map(({ name, flashes, beeps }) => {
        return { name, flashes: beginnings(flashes), beeps: beginnings(beeps) };
      });
  }

  /** The player stops a little before the end. */
  get #end() {
    return this.#watcher.player.duration - 0.1;
  }

  /** Those that must not skip anything. */
  get #elements() {
    const kinds = this.#pictures ? "audio, .tile:not([hidden]) video" : "audio";
    return [...this.#watcher.player.shadowRoot.querySelectorAll(kinds)];
  }

  /** Plays once, from before to beyond what was missed. */
  async #play() {
    const { player } = this.#watcher;
    const since = this.#missed[0][0] - Attention.#margin;
    const until = Math.min(this.#missed.at(-1)[1] + Attention.#margin, this.#end);
    // Ears must be there before the first sound.
    this.#sounds();
    await player.play();
    this.#skipped = false;
    this.#unsureUntil = 0;
    let last = this.#moment();
    while (last.at < until) {
      await new Promise((resolve) => setTimeout(resolve, Attention.#everyMs));
      if (player.error) throw new Error(player.error.message);
      const now = this.#moment();
      // Ears begin with a rest of what they heard before.
      if (last.at >= since) this.#take(last, now);
      last = now;
    }
    player.pause();
    this.#settle(until);
  }

  /** Position of the player, and of what is heard: read again when the page was held up in between. */
  #moment() {
    const { player } = this.#watcher;
    for (;;) {
      const [at, heard] = [player.currentTime, globalThis.Ear.now];
      if (player.currentTime - at < 0.01) return { at, heard };
    }
  }

  #take(last, now) {
    const isDeaf = now.heard - last.heard > globalThis.Ear.memory;
    const isBlind = this.#pictures && now.at - last.at > Attention.#glance;
    this.#hear(last, now);
    this.#see(now, isBlind);
    if (this.#skipped || this.#isOff) {
      this.#recent = [];
      this.#unsureUntil = now.at + Attention.#margin;
      this.#skipped = false;
    } else if (!isDeaf && !isBlind && now.at > this.#unsureUntil) {
      this.#recent.push([last.at, now.at]);
    }
    this.#settle(now.at - Attention.#margin);
  }

  /** Whether a track is far off: it is going to skip something. */
  get #isOff() {
    const most = Attention.#mostOff * 1000;
    return (
      this.#elements.some(({ seeking }) => seeking) ||
      this.#watcher.player.drifts.some(({ kind, driftMs }) => {
        return (this.#pictures || kind === "audio") && Math.abs(driftMs) > most;
      })
    );
  }

  /** Nothing before that can turn out to have been skipped. */
  #settle(before) {
    while (this.#recent[0]?.[0] < before) {
      const [from, to] = this.#recent.shift();
      this.#missed = this.#missed
        .flatMap(([start, end]) => [
          [start, Math.min(end, from)],
          [Math.max(start, to), end],
        ])
        .filter(([start, end]) => start < end);
    }
  }

  /** Notes every moment at which it was loud. */
  #hear(last, now) {
    for (const { ear, beeps } of this.#sounds())
      for (const heard of ear.loudSince(last.heard))
        beeps.push(Math.max(last.at, now.at - (now.heard - heard)));
  }

  /** Notes every picture that is lit. After a long blink nobody knows since when it is. */
  #see(now, isBlind) {
    for (const { name, video } of this.#watcher.videos) {
      const noted = this.#of(video);
      noted.name = name;
      if (this.#pictures && !isBlind && this.#isLit(video)) noted.flashes.push(now.at);
    }
  }

  #isLit(video) {
    const { data } = this.#watcher.pixels(video, 0.3, 0.64, 0.4, 0.12);
    return data.reduce((sum, value) => sum + value, 0) / data.length > 170;
  }

  #sounds() {
    return [...this.#watcher.player.shadowRoot.querySelectorAll("audio")].map((element) => {
      return { ear: globalThis.Ear.of(element), beeps: this.#of(element).beeps };
    });
  }

  /** What is noted of the participant whose element it is. */
  #of({ dataset: { participant } }) {
    const known = this.#noted.get(participant);
    if (known !== undefined) return known;
    const noted = { name: undefined, flashes: [], beeps: [] };
    this.#noted.set(participant, noted);
    return noted;
  }
};
