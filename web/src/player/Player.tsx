import type { ApiClient } from "../api/client.ts";

export interface PlayerProps {
  recordingId: string;
  api: ApiClient;
}

export function Player({ recordingId }: PlayerProps) {
  return <p>{recordingId}</p>;
}
