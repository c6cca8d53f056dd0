import { describe, expect, it } from "vitest";
import { ActiveSpeaker } from "./activeSpeaker.ts";

/** Speaks from … to …, a level every 250 ms. */
function speak(speaker: ActiveSpeaker, participant: string, fromMs: number, toMs: number): void {
  for (let ms = fromMs; ms <= toMs; ms += 250) speaker.level(ms, participant, -20);
}

const order = ({ turns }: ActiveSpeaker) => turns.map(({ participant }) => participant);

describe("ActiveSpeaker", () => {
  it("gives the floor to the first who speaks", () => {
    const speaker = new ActiveSpeaker();
    speaker.level(0, "a", -90);
    speaker.level(250, "b", -30);
    expect(speaker.turns).toEqual([{ atMs: 250, participant: "b" }]);
  });

  it("passes it on when the speaker has been quiet for 1.5 s", () => {
    const speaker = new ActiveSpeaker();
    speak(speaker, "a", 0, 4000);
    speak(speaker, "b", 4250, 8000);
    expect(order(speaker)).toEqual(["a", "b"]);
    expect(speaker.turns[1]?.atMs).toBeGreaterThan(5500);
  });

  it("does not let two who talk at once flicker, nor a cough interrupt", () => {
    const speaker = new ActiveSpeaker();
    for (let ms = 0; ms < 10_000; ms += 250) {
      speaker.level(ms, "a", -20);
      speaker.level(ms, "b", -15);
    }
    speaker.level(14_000, "b", -10);
    expect(order(speaker)).toEqual(["a"]);
  });

  it("frees the floor at once when the speaker leaves", () => {
    const speaker = new ActiveSpeaker();
    speak(speaker, "a", 0, 1000);
    speaker.left("a");
    speak(speaker, "b", 1100, 1400);
    expect(speaker.turns.at(-1)).toEqual({ atMs: 1350, participant: "b" });
  });
});
