import { textLines } from "../../core/text/textLines.ts";

/** What a client trickles: candidates of the ICE session these credentials belong to (RFC 8840). */
export interface IceFragment {
  ufrag: string;
  pwd: string;
}

const line = /^[a-z]=\S.*$/;
const ufrag = /^a=ice-ufrag:([A-Za-z0-9+/]{4,256})$/;
const pwd = /^a=ice-pwd:([A-Za-z0-9+/]{22,256})$/;

/** Reads an `application/trickle-ice-sdpfrag` body; undefined when it is none, or of more than one ICE session. */
export function parseIceFragment(text: string): IceFragment | undefined {
  const lines = textLines(text);
  if (!lines.every((one) => line.test(one))) return undefined;
  const values = (pattern: RegExp) => new Set(lines.flatMap((one) => pattern.exec(one)?.[1] ?? []));
  const [[name, ...otherNames], [secret, ...otherSecrets]] = [[...values(ufrag)], [...values(pwd)]];
  if (name === undefined || secret === undefined) return undefined;
  if (otherNames.length + otherSecrets.length > 0) return undefined;
  return { ufrag: name, pwd: secret };
}
