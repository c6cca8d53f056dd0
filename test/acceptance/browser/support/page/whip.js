/** Offers what a connection sends by WHIP, and takes the answer. A module of other pages. */
export async function offerByWhip(connection, { whipUrl, token }) {
  await connection.setLocalDescription();
  const response = await fetch(whipUrl, {
    method: "POST",
    headers: { "content-type": "application/sdp", authorization: `Bearer ${token}` },
    body: connection.localDescription.sdp,
  });
  const sdp = await response.text();
  if (response.status !== 201) throw new Error(`WHIP: ${response.status} ${sdp}`);
  await connection.setRemoteDescription({ type: "answer", sdp });
}
