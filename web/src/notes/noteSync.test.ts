import { expect, it } from "vitest";
import { NoteSync, type SentOperation } from "./noteSync.ts";

/** A window whose calls are answered when the test says so. */
function openWindow() {
  const sent: SentOperation[][] = [];
  let answer = (_: { version: number; failed: Set<string> }) => {};
  let names = 0;
  const sync = new NoteSync({
    send: (_client, operations) => {
      sent.push([...operations]);
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    newId: () => {
      names += 1;
      return `id-${names}`;
    },
    save: () => undefined,
    onChange: () => undefined,
  });
  sync.receive({ content: "", sequence: 0, version: 0 });
  let sending = Promise.resolve();
  const send = () => {
    sending = sync.send();
  };
  const answered = async (version: number, failed: string[] = []) => {
    answer({ version, failed: new Set(failed) });
    await sending;
  };
  return { sync, sent, send, answered };
}

it("keeps what one person types together while others type at the same place", async () => {
  const { sync, sent, send, answered } = openWindow();
  sync.edit("one");
  send();
  sync.edit("one two");
  sync.receive({ content: "oneTHEIRS", sequence: 2, version: 2 });
  expect(sync.text).toBe("one two");
  await answered(2);
  expect(sync.text).toBe("one twoTHEIRS");
  send();
  expect(sent.at(-1)).toMatchObject([
    { type: "insert", position: 3, content: " two", sequence: 2 },
  ]);
});

it("waits for the text that has what was sent", async () => {
  const { sync, send, answered } = openWindow();
  sync.edit("one");
  send();
  sync.receive({ content: "theirs", sequence: 1, version: 1 });
  await answered(2);
  expect(sync.text).toBe("one");
  sync.receive({ content: "onetheirs", sequence: 2, version: 2 });
  expect(sync.text).toBe("onetheirs");
  expect(sync.settled).toBe(true);
  sync.receive({ content: "older", sequence: 1, version: 1 });
  expect(sync.text).toBe("onetheirs");
});

it("sends anew, under another name, what could not be carried out", async () => {
  const { sync, sent, send, answered } = openWindow();
  sync.edit("one");
  send();
  const [first] = sent[0] ?? [];
  await answered(0, [first?.id ?? ""]);
  expect(sync.text).toBe("one");
  expect(sync.settled).toBe(false);
  send();
  expect(sent[1]).toMatchObject([{ type: "insert", position: 0, content: "one" }]);
  expect(sent[1]?.[0]?.id).not.toBe(first?.id);
});
