import { isSending, type LocalMedia } from "../media/local/localMedia.ts";
import { Avatar } from "../parts/Avatar.tsx";
import { DeviceButton } from "../parts/DeviceButton.tsx";
import { LevelMeter } from "../parts/LevelMeter.tsx";
import { VideoView } from "../parts/MediaView.tsx";
import { useLocalState } from "../parts/useLocalMedia.ts";
import { useStream } from "../parts/useStream.ts";

/** How one will be seen and heard. */
export function Preview({ local, name }: { local: LocalMedia; name: string }) {
  const { microphone, camera } = useLocalState(local);
  const stream = useStream(isSending(camera) ? camera.track : undefined);
  return (
    <div className="preview">
      <div className="preview__picture">
        {stream === undefined ? (
          <Avatar name={name} />
        ) : (
          <VideoView stream={stream} label="Your camera" className="mirrored" />
        )}
        <p className="preview__state">{cameraWords(camera)}</p>
        <div className="preview__controls">
          <DeviceButton local={local} kind="microphone" />
          <DeviceButton local={local} kind="camera" />
        </div>
      </div>
      <LevelMeter track={microphone.on ? microphone.track : undefined} />
    </div>
  );
}

function cameraWords({ opening, on, track }: { opening: boolean; on: boolean; track?: unknown }) {
  if (opening) return "Starting your camera. Your browser may ask you first.";
  if (on && track !== undefined) return "";
  return "Your camera is off";
}
