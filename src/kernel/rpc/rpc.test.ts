import { MessageChannel } from "node:worker_threads";
import { expect, test } from "vitest";
import { Answerer, type Reply } from "./answerer.ts";
import { Caller } from "./caller.ts";
import type { FromCaller, ToCaller } from "./protocol.ts";

type Arithmetic = {
  sum(one: number, other: number): number;
  later(): string;
  count(to: number): void;
  fail(): void;
  echo(value: unknown): unknown;
};

function channel() {
  const { port1, port2 } = new MessageChannel();
  const waiting: Reply<string, string, number>[] = [];
  const answerer = new Answerer<Arithmetic, string, number>(
    {
      sum: (reply, one, other) => reply.done(one + other),
      later: (reply) => void waiting.push(reply),
      count(reply, to) {
        for (let part = 1; part <= to; part += 1) reply.part(part);
        reply.done();
      },
      echo: (reply, value) => reply.done(value),
      fail() {
        throw new Error("no");
      },
    },
    (message) => port2.postMessage(message),
    String,
  );
  port2.on("message", (message: FromCaller) => answerer.receive(message));
  const caller = new Caller<Arithmetic, string, number>(
    (message) => port1.postMessage(message),
    (failure) => new Error(`failed: ${failure}`),
  );
  port1.on("message", (message: Exclude<ToCaller<string, number>, { type: "notice" }>) => caller.receive(message));
  return { caller, waiting, [Symbol.dispose]: () => port1.close() };
}

test("each call gets its own result, whatever the order of the answers", async () => {
  using open = channel();
  const [first, second] = [open.caller.call("later", []), open.caller.call("later", [])];
  expect(await open.caller.call("sum", [1, 2])).toBe(3);
  open.waiting[1]?.done("second");
  expect(await second).toBe("second");
  const third = open.caller.call("later", []);
  open.waiting[0]?.done("first");
  expect(await first).toBe("first");
  await open.caller.call("sum", [0, 0]);
  open.waiting[2]?.done("third");
  expect(await third).toBe("third");
});

test("parts come before the result, and what a handler throws is the failure", async () => {
  using open = channel();
  const parts: number[] = [];
  await open.caller.call("count", [3], { onPart: (part) => parts.push(part) });
  expect(parts).toEqual([1, 2, 3]);
  await expect(open.caller.call("fail", [])).rejects.toThrow("failed: Error: no");
});

test("calls that are open when the other side ends are rejected, as is a call that cannot be sent", async () => {
  using open = channel();
  const waiting = open.caller.call("later", []);
  open.caller.end(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  await expect(open.caller.call("echo", [() => 1])).rejects.toThrow("could not be cloned");
});
