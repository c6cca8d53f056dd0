import "./transcript.css";
import { useEffect, useRef, useState } from "react";
import type { PlaybackElement } from "../player/playbackElement.ts";
import { useSession } from "../session/sessionContext.tsx";
import { Button } from "../ui/Button.tsx";
import { download } from "../ui/download.ts";
import { Field } from "../ui/Field.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { fileNameOf } from "../words/fileNames.ts";
import type { RecordingDetail } from "../words/recordings.ts";
import { clockWords } from "../words/time.ts";
import { foundWords, lineLabel, transcriptWords } from "../words/transcript.ts";
import { CorrectLine } from "./CorrectLine.tsx";
import { DeleteLines } from "./DeleteLines.tsx";
import { type Format, formats } from "./formats.ts";
import { lineAt, type PlacedLine } from "./placedLines.ts";
import { TranscriptState } from "./TranscriptState.tsx";
import { usePlacedLines } from "./usePlacedLines.ts";

export interface TranscriptProps {
  title: string;
  recording: RecordingDetail;
  isHost: boolean;
  /** What plays the recording, once it does. */
  player: PlaybackElement | null;
}

/** What was said in a recording: leads to the second at which it was said, and follows what plays. */
export function Transcript(props: TranscriptProps) {
  const { meetingId, recordingId } = props.recording;
  const { isHost } = props;
  const placed = usePlacedLines(props.recording);
  if (placed === undefined) return <Spinner label={transcriptWords.loading} />;
  const hasLines = placed.length > 0;
  return (
    <>
      <TranscriptState {...{ meetingId, recordingId, isHost, hasLines }} />
      {hasLines && <Lines {...props} lines={placed} />}
    </>
  );
}

function Lines(props: TranscriptProps & { lines: readonly PlacedLine[] }) {
  const { title, lines, player, recording, isHost } = props;
  const { meetingId, recordingId } = recording;
  const userId = useSession()?.userId;
  const isOwn = ({ speakerId }: PlacedLine) => speakerId !== undefined && speakerId === userId;
  const hasSpoken = lines.some(isOwn);
  const [correcting, setCorrecting] = useState(false);
  const [wanted, setWanted] = useState("");
  const [follows, setFollows] = useState(true);
  const now = useNow(player, lines);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (!follows || now === undefined) return;
    // Only the list moves, never the page under somebody who looks at something else.
    const line = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (line && list.current) list.current.scrollTop = line.offsetTop - list.current.offsetTop;
  }, [now, follows]);
  const search = wanted.trim().toLocaleLowerCase();
  const found =
    search === ""
      ? lines
      : lines.filter(({ text, name = "" }) =>
          `${name} ${text}`.toLocaleLowerCase().includes(search),
        );
  return (
    <div className="transcript">
      <div className="transcript__tools">
        <Field
          label={transcriptWords.search}
          type="search"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <p role="status">{search === "" ? "" : foundWords(found.length)}</p>
        <label className="transcript__follow">
          <input
            type="checkbox"
            checked={follows}
            onChange={(event) => setFollows(event.target.checked)}
          />
          <span>{transcriptWords.follow}</span>
        </label>
        {(isHost || hasSpoken) && (
          <Button small aria-pressed={correcting} onClick={() => setCorrecting(!correcting)}>
            {transcriptWords.correcting}
          </Button>
        )}
        <Saving {...{ title, lines }} />
        <DeleteLines {...{ meetingId, recordingId, isHost, hasSpoken }} />
      </div>
      {found.length === 0 && <p>{transcriptWords.notFound}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <ol className="transcript__lines" ref={list} aria-label={transcriptWords.list} tabIndex={0}>
        {found.map((line) => (
          <li key={line.id}>
            <SpokenLine
              {...{ line, search, player, meetingId }}
              isNow={line.id === now}
              correctable={correcting && (isHost || isOwn(line))}
            />
          </li>
        ))}
      </ol>
    </div>
  );
}

interface SpokenLineProps {
  meetingId: string;
  line: PlacedLine;
  search: string;
  isNow: boolean;
  /** Pressing it changes its text, in place of leading to its second. */
  correctable: boolean;
  player: PlaybackElement | null;
}

function SpokenLine({ meetingId, line, search, isNow, correctable, player }: SpokenLineProps) {
  const { atMs, name = transcriptWords.unknown, text, isCorrected } = line;
  const [open, setOpen] = useState(false);
  if (open && correctable)
    return <CorrectLine {...{ meetingId, line }} onClose={() => setOpen(false)} />;
  const press = () => {
    if (correctable) setOpen(true);
    else if (player) player.currentTime = atMs / 1_000;
  };
  return (
    <button
      type="button"
      className="transcript__line"
      aria-current={isNow ? "true" : undefined}
      aria-label={`${lineLabel(atMs, name)}: ${text}`}
      disabled={player === null && !correctable}
      onClick={press}
    >
      <span className="transcript__time">{clockWords(atMs)}</span>
      <span>
        <strong>{name}</strong> <Marked {...{ text, search }} />
        {isCorrected && <small> ({transcriptWords.corrected})</small>}
      </span>
    </button>
  );
}

/** Text with what is looked for marked in it. */
function Marked({ text, search }: { text: string; search: string }) {
  const at = search === "" ? -1 : text.toLocaleLowerCase().indexOf(search);
  if (at < 0) return text;
  const end = at + search.length;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, end)}</mark>
      {text.slice(end)}
    </>
  );
}

function Saving({ title, lines }: { title: string; lines: readonly PlacedLine[] }) {
  const save = (format: Format) => {
    const { type, write } = formats[format];
    download(fileNameOf(title, "transcript", format), write(lines), type);
  };
  return (
    <fieldset className="transcript__saving">
      <legend>{transcriptWords.export}</legend>
      {(Object.keys(formats) as Format[]).map((format) => (
        <Button small key={format} onClick={() => save(format)}>
          .{format}
        </Button>
      ))}
    </fieldset>
  );
}

/** The id of the line that is said now. */
function useNow(player: PlaybackElement | null, lines: readonly PlacedLine[]): string | undefined {
  const [id, setId] = useState<string>();
  useEffect(() => {
    if (player === null) return;
    const look = () => setId(lineAt(lines, player.currentTime * 1_000)?.id);
    const events = ["timeupdate", "seeked"];
    for (const event of events) player.addEventListener(event, look);
    return () => {
      for (const event of events) player.removeEventListener(event, look);
    };
  }, [player, lines]);
  return id;
}
