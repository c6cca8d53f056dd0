import { Link } from "wouter";
import { placeLink } from "../insights/placeLink.ts";
import { type Hit, saidWords } from "../words/search.ts";

/** Places at which something was said; each leads into the recording at that second, or to the meeting. */
export function Hits({ hits }: { hits: readonly Hit[] }) {
  const now = Date.now();
  return (
    <ul className="hits">
      {hits.map((hit) => (
        <li key={hit.lineId} className="panel hits__hit">
          <Link href={placeLink(hit.url).path}>{hit.excerpt}</Link>
          <p className="hits__said">
            {saidWords(hit, now)}, in {hit.meetingTitle}
            {hit.recordingId === undefined && " (not recorded)"}
          </p>
        </li>
      ))}
    </ul>
  );
}
