"""Publishes by WHIP or watches by WHEP with aiortc: <publish|watch> <url> <token>. Prints each kind of media once it comes."""

import asyncio
import sys
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack
from av import VideoFrame


class SmallVideo(VideoStreamTrack):
    """Few cores encode it."""

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(width=160, height=120)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.time_base = pts, time_base
        return frame


async def count(track):
    for _ in range(10):
        await track.recv()
    print(track.kind, flush=True)
    while True:
        await track.recv()


def post(url, token, sdp):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
    request = urllib.request.Request(url, sdp.encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


async def main(does, url, token):
    peer = RTCPeerConnection()
    peer.on("track", lambda track: asyncio.ensure_future(count(track)))
    peer.on("connectionstatechange", lambda: print(peer.connectionState, flush=True))
    if does == "publish":
        peer.addTrack(AudioStreamTrack())
        peer.addTrack(SmallVideo())
    else:
        peer.addTransceiver("audio", direction="recvonly")
        peer.addTransceiver("video", direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    sdp = await asyncio.to_thread(post, url, token, peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
