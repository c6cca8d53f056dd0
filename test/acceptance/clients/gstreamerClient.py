"""Publishes by WHIP or watches by WHEP with GStreamer: <publish|watch> <url> <token>. Prints each kind of media once it comes."""

import os
import sys
import urllib.error
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

publishing = (
    "webrtcbin name=peer bundle-policy=max-bundle"
    " audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=96 ! peer."
    " videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=10/1"
    " ! vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay pt=97 ! peer."
)
received = {
    "audio": "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=96",
    "video": "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=97",
}
does, url, token = sys.argv[1:]
Gst.init(None)


def post(sdp):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
    request = urllib.request.Request(url, sdp.encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refusal:
        # Called from a thread of GStreamer's, which nobody waits for.
        print(f"{refusal.read().decode()} to the offer: {sdp}", file=sys.stderr, flush=True)
        os._exit(1)


def offered(promise, *_):
    promise.wait()
    reply = promise.get_reply()
    offer = reply.get_value("offer")
    peer.emit("set-local-description", offer, Gst.Promise.new())
    _, message = GstSdp.SDPMessage.new()
    GstSdp.sdp_message_parse_buffer(post(offer.sdp.as_text()).encode(), message)
    answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
    peer.emit("set-remote-description", answer, Gst.Promise.new())


def negotiate(*_):
    peer.emit("create-offer", None, Gst.Promise.new_with_change_func(offered, None, None))


def added(_, pad):
    kind = pad.get_current_caps().get_structure(0).get_string("media")
    sink = Gst.ElementFactory.make("fakesink")
    sink.set_property("sync", False)
    counted = 0

    def packet(*_):
        nonlocal counted
        counted += 1
        if counted == 10:
            print(kind, flush=True)
        return Gst.PadProbeReturn.OK

    pipeline.add(sink)
    sink.sync_state_with_parent()
    pad.add_probe(Gst.PadProbeType.BUFFER, packet)
    pad.link(sink.get_static_pad("sink"))


if does == "publish":
    pipeline = Gst.parse_launch(publishing)
    peer = pipeline.get_by_name("peer")
else:
    pipeline = Gst.Pipeline()
    peer = Gst.ElementFactory.make("webrtcbin")
    peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipeline.add(peer)
peer.connect("pad-added", added)
peer.connect(
    "notify::connection-state",
    lambda *_: print(peer.get_property("connection-state").value_nick, flush=True),
)
if does == "publish":
    peer.connect("on-negotiation-needed", negotiate)
pipeline.set_state(Gst.State.PLAYING)
if does == "watch":
    # It would negotiate as soon as it plays, whatever there is to watch by then.
    for caps in received.values():
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
    negotiate()
GLib.MainLoop().run()
