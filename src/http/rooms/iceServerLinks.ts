import type { IceServer } from "../../meetings/room/iceServers.ts";

/** `Link` header values that tell a WHIP or WHEP client of its ICE servers (RFC 9725 §4.6). */
export function iceServerLinks(servers: readonly IceServer[]): string[] {
  return servers.flatMap(({ urls, username, credential }) =>
    [urls].flat().map((url) => {
      const secret =
        username === undefined || credential === undefined
          ? ""
          : `; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
      // A client would read a stray bracket as the end of the address.
      return `<${url.replace(/[<>\s]/g, encodeURIComponent)}>; rel="ice-server"${secret}`;
    }),
  );
}

/** A quoted string of a header; what no header may hold is left out. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "").replace(/[\\"]/g, "\\$&")}"`;
}
