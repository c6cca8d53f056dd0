import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { orThrow } from "../../../src/core/result.ts";
import { nativePeers } from "../../../src/rooms/peer/nativePeer.ts";
import type { Peer, PeerFactory } from "../../../src/rooms/peer/peer.ts";
import { writeAnswer } from "../../../src/rooms/sdp/answer.ts";
import { reduceOffer } from "../../../src/rooms/sdp/offer.ts";
import { readSubscription } from "../../../src/rooms/sdp/subscribeOffer.ts";
import { WhepSubscriber } from "../../../src/synth/transport/whepSubscriber.ts";
import { freeUdpPort } from "../../support/freePort.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { MiniPublisher } from "../support/miniPublisher.ts";

takeTime();

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function peerFactory(): Promise<PeerFactory> {
  return nativePeers({ udpPort: await freeUdpPort(), bindAddress: "127.0.0.1" });
}

/** What listens to a peer's media, as a session of the room does. */
class Listener {
  heard = 0;
  listen(): void {
    this.heard++;
  }
}

let listeners: WeakRef<Listener>[] = [];
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  listeners = [];
});

function listener(): Listener {
  const made = new Listener();
  listeners.push(new WeakRef(made));
  return made;
}

/** Answers a subscriber's offer the way a session does: with listeners that refer to the peer. */
async function answerWatcher(peer: Peer, offer: string): Promise<string> {
  const { lines, sdp } = orThrow(readSubscription(offer));
  for (const [index, { mid, kind, formats }] of lines.entries()) {
    const line = { mid, kind, formats, ssrc: index + 1, stream: "slot", attributes: [] };
    const [track, own] = [peer.addTrack(line), listener()];
    track.onOpen(() => own.listen());
    track.onMessage(() => track.send(Buffer.alloc(own.heard)));
  }
  const room = listener();
  peer.onChannel((channel) => channel.onMessage((text) => channel.send(text + room.heard)));
  peer.onConnected(() => room.listen());
  return peer.answer(sdp);
}

const nobodyIsLeft = () =>
  vi.waitFor(() => {
    collectGarbage();
    expect(listeners.filter((one) => one.deref() !== undefined)).toHaveLength(0);
  }, patience);

async function watch(peers: PeerFactory): Promise<void> {
  const peer = peers("watched");
  const watcher = await WhepSubscriber.connect({
    name: "watcher",
    post: async (offer) => ({
      answer: await answerWatcher(peer, offer),
      delete: async () => undefined,
    }),
  });
  ends.push(() => watcher.release());
  peer.close();
}

async function refuse(peers: PeerFactory): Promise<void> {
  const post = async (offer: string) => {
    const peer = peers("refused");
    await answerWatcher(peer, offer);
    peer.close();
    throw new Error("refused");
  };
  await expect(WhepSubscriber.connect({ name: "refused", post })).rejects.toThrow("refused");
}

async function publish(peers: PeerFactory): Promise<void> {
  const peer = peers("published");
  const publisher = new MiniPublisher("publisher");
  ends.push(() => publisher.stop());
  peer.onTrack((track) => {
    const own = listener();
    track.onMessage((packet) => {
      own.listen();
      track.send(packet);
    });
  });
  await publisher.publish(async (offer) => {
    const { sdp, answered } = orThrow(reduceOffer(offer));
    return writeAnswer(answered, await peer.answer(sdp), {});
  });
  peer.close();
}

test.each([
  ["that watched", watch],
  ["that was refused before it connected", refuse],
  ["that published", publish],
])("nothing of a peer %s is kept once it is closed", async (_, visit) => {
  const peers = await peerFactory();
  await visit(peers);
  expect(listeners.length).toBeGreaterThan(0);
  await nobodyIsLeft();
});
