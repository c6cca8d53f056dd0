import { useEffect, useRef } from "react";

/** Loud speech close to a microphone fills the meter. */
const fullScale = 0.35;

/** How loud the microphone is, as it is heard. */
export function LevelMeter({ track }: { track: MediaStreamTrack | undefined }) {
  const element = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    if (track === undefined) return;
    return followLevel(track, (level) => {
      if (element.current !== null) element.current.value = level;
    });
  }, [track]);
  return (
    <meter ref={element} className="levelMeter" min={0} max={1} aria-label="Microphone level" />
  );
}

/** @param onLevel 0–1, for every frame that is drawn. @returns how to end it */
function followLevel(track: MediaStreamTrack, onLevel: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 1024 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let shown = 0;
  let frame = 0;
  const look = () => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    shown = Math.max(Math.min(1, Math.sqrt(power) / fullScale), shown * 0.9);
    onLevel(shown);
    frame = requestAnimationFrame(look);
  };
  look();
  return () => {
    cancelAnimationFrame(frame);
    onLevel(0);
    void context.close();
  };
}
