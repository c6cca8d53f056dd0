import { useEffect, useRef } from "react";

/** Muted: sound has elements of its own, so that it goes on when a picture is not shown. */
export function VideoView({
  stream,
  label,
  className,
}: {
  stream: MediaStream;
  label: string;
  className?: string;
}) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => attach(element.current, stream), [stream]);
  return (
    <video ref={element} className={className} aria-label={label} autoPlay playsInline muted />
  );
}

/** Sound of somebody else. `onBlocked` = the browser wants a click first. */
export function AudioView({ stream, onBlocked }: { stream: MediaStream; onBlocked: () => void }) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => attach(element.current, stream, onBlocked), [stream, onBlocked]);
  // biome-ignore lint/a11y/useMediaCaption: live speech of a meeting has none
  return <audio ref={element} autoPlay />;
}

function attach(
  element: HTMLMediaElement | null,
  stream: MediaStream,
  onBlocked?: () => void,
): () => void {
  if (element === null) return () => undefined;
  element.srcObject = stream;
  element.play().catch((error: unknown) => {
    if (error instanceof Error && error.name === "NotAllowedError") onBlocked?.();
  });
  return () => {
    element.srcObject = null;
  };
}
