import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import type { Live } from "../api/useLive.ts";
import { Button } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import {
  configWords,
  detailWords,
  type RecordingDetail,
  type Rendition,
  renditionWords,
  stateWords,
} from "../words/recordings.ts";
import { sizeWords } from "../words/time.ts";
import { CapturedFiles } from "./CapturedFiles.tsx";
import { ComposeVersion } from "./ComposeVersion.tsx";

export interface VersionsProps {
  recordingId: string;
  detail: Live<RecordingDetail>;
  isHost: boolean;
}

/** The files there are of one recording, and for its hosts another one. */
export function Versions({ recordingId, detail: { value, error }, isHost }: VersionsProps) {
  if (value === undefined)
    return error === undefined ? (
      <Spinner label="Looking for its files" />
    ) : (
      <Trouble error={error} />
    );
  return (
    <>
      <Trouble error={error} />
      <ul className="versions">
        {filesOf(value).map((file) => (
          <VersionRow key={file.renditionId ?? "only"} recordingId={recordingId} file={file} />
        ))}
      </ul>
      {value.provider === "embedded" && <CapturedFiles recordingId={recordingId} />}
      {isHost && value.provider === "embedded" && <ComposeVersion recordingId={recordingId} />}
    </>
  );
}

interface VersionFile {
  /** Absent: the file of the recording itself. */
  renditionId?: string;
  look: string;
  words: string;
  ready: boolean;
  /** 0–1 while it is being made. */
  done?: number;
}

function filesOf(recording: RecordingDetail): VersionFile[] {
  const { state, config, sizeBytes, progress, renditions } = recording;
  if (renditions.length > 0) return renditions.map(fileOf);
  // Composed by the video provider, or not begun yet.
  const only: VersionFile = {
    look: configWords(config),
    words: sized([stateWords(state), detailWords(recording)].filter(Boolean).join(", "), sizeBytes),
    ready: state === "ready",
    ...(state === "processing" ? { done: progress.done } : {}),
  };
  return [only];
}

function fileOf(rendition: Rendition): VersionFile {
  const { renditionId, config, state, sizeBytes, progress } = rendition;
  return {
    renditionId,
    look: configWords(config),
    words: sized(renditionWords(rendition), sizeBytes),
    ready: state === "ready",
    ...(state === "composing" ? { done: progress.done } : {}),
  };
}

const sized = (words: string, bytes: number | undefined) =>
  bytes === undefined ? words : `${words} · ${sizeWords(bytes)}`;

function VersionRow({ recordingId, file }: { recordingId: string; file: VersionFile }) {
  const { renditionId, look, words, ready, done } = file;
  const { download, busy, error } = useDownload(recordingId, renditionId, look);
  return (
    <li className="versions__version">
      <div className="card__main">
        <span className="versions__look">{look}</span>
        <span className="soft small">{words}</span>
        {done !== undefined && <progress aria-label={`Progress: ${look}`} max={1} value={done} />}
      </div>
      {ready && (
        <Button small busy={busy} onClick={download}>
          Download<VisuallyHidden> {look}</VisuallyHidden>
        </Button>
      )}
      {error !== undefined && <RefusalNotice error={error} />}
    </li>
  );
}

function useDownload(recordingId: string, renditionId: string | undefined, look: string) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const download = () =>
    void run(async () => {
      const { url } = await api.action(functions.recordings.actions.createDownloadLink, {
        recordingId,
        ...(renditionId === undefined ? {} : { renditionId }),
      });
      const link = document.createElement("a");
      link.href = url;
      link.download = fileName(url, look);
      link.click();
    });
  return { download, busy, error };
}

/** "Recording, side by side, 720p.mp4": what is in the file, and the ending that its address has. */
function fileName(url: string, look: string): string {
  const { pathname } = new URL(url, location.href);
  return `Recording, ${look.toLowerCase()}${/\.\w+$/.exec(pathname)?.[0] ?? ""}`;
}
