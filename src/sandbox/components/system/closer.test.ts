import { expect, test } from "vitest";
import { Closer } from "./closer.ts";

test("files are closed in order, two at a time, and not at all once the call is over", () => {
  const sent: { readonly handle: number; readonly done: () => void }[] = [];
  const closer = new Closer((handle, done) => sent.push({ handle, done }));
  for (let handle = 1; handle <= 32; handle += 1) closer.close(handle);
  expect(sent.map(({ handle }) => handle)).toEqual([1, 2]);
  sent[0]?.done();
  expect(sent.map(({ handle }) => handle)).toEqual([1, 2, 3]);
  closer.endCall();
  sent[1]?.done();
  sent[2]?.done();
  expect(sent).toHaveLength(3);
});

test("a close that is answered at once does not hold up the others", () => {
  const sent: number[] = [];
  const closer = new Closer((handle, done) => {
    sent.push(handle);
    done();
  });
  for (let handle = 1; handle <= 5; handle += 1) closer.close(handle);
  expect(sent).toEqual([1, 2, 3, 4, 5]);
});
