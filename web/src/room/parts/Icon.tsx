const shapes = {
  microphone:
    "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15Zm6.5-3.5a6.5 6.5 0 0 1-13 0M12 18v3.5",
  microphoneOff:
    "M15.5 10.5v-4a3.5 3.5 0 0 0-6.8-1.2M8.5 8.5v3a3.5 3.5 0 0 0 5.4 2.9M18.5 11.5a6.5 6.5 0 0 1-1.2 3.8M15 17.3A6.5 6.5 0 0 1 5.5 11.5M12 18v3.5M3.5 3.5l17 17",
  camera:
    "M3 7.5A1.5 1.5 0 0 1 4.5 6h9A1.5 1.5 0 0 1 15 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5Zm12 3 6-3v9l-6-3",
  cameraOff:
    "M9.5 6h4A1.5 1.5 0 0 1 15 7.5v4M15 15.5v1a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5v-9A1.5 1.5 0 0 1 4.5 6M15 10.5l6-3v9l-3.5-1.7M3.5 3.5l17 17",
  screen: "M3 5.5h18v11H3Zm5.5 15h7M12 16.5v4M12 14V8.5M9.5 10.5 12 8l2.5 2.5",
  people:
    "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-6.5 8a6.5 6.5 0 0 1 13 0M16 5a3.5 3.5 0 0 1 0 6.5M18 14.5a6.5 6.5 0 0 1 3.5 5",
  notes: "M6 3.5h9l3.5 3.5v13.5H6ZM9 8h3M9 12h6.5M9 16h6.5",
  captions: "M3 5.5h18v13H3ZM10.5 10.6a2 2 0 1 0 0 2.8M17.5 10.6a2 2 0 1 0 0 2.8",
  settings:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17",
  leave: "M14 4.5H6v15h8M10.5 12H21M17.5 8.5 21 12l-3.5 3.5",
  record: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z",
  pause: "M9 6v12M15 6v12",
  resume: "M8.5 5.5v13l10-6.5Z",
  stop: "M7 7h10v10H7Z",
  close: "M6 6l12 12M18 6 6 18",
} as const;

export type IconName = keyof typeof shapes;

/** Beside words, never instead of them. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
