import { strict as assert } from "node:assert";
import type { MessagePort } from "node:worker_threads";
import { toFault } from "../../kernel/errors.ts";
import type { execute } from "../execution/index.ts";
import { Asker } from "./asker.ts";
import { Mirror } from "./mirror.ts";
import type { FromThread, ToThread, Work } from "./protocol.ts";
import { Surroundings } from "./surroundings.ts";

/** A thread's life: it takes one run from the port, carries it out with `work`, says how that ended, and takes no other. */
export function carryOutFrom(port: MessagePort, work: typeof execute): void {
  const post = (message: FromThread): void => port.postMessage(message);
  const asker = new Asker(post);
  const stop = new AbortController();
  let run: { readonly mirror: Mirror; readonly surroundings: Surroundings } | undefined;

  const begin = (given: Work): void => {
    assert(run === undefined, "a thread is used once");
    const mirror = new Mirror(given.view, asker, post);
    const surroundings = new Surroundings(given, mirror, { asker, post });
    run = { mirror, surroundings };
    work(surroundings.deps, given.plan, stop.signal).then(
      () => post({ type: "over" }),
      (error: unknown) => {
        const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
        post({ type: "threw", fault: toFault(error), stack });
      },
    );
  };

  port.on("message", (message: ToThread<never>) => {
    switch (message.type) {
      case "begin":
        return begin(message.work);
      case "ping":
        return post({ type: "pong" });
      case "entries":
        return run?.mirror.apply(message.entries);
      case "servers":
        return run?.surroundings.changed(message.servers);
      case "answer":
        return asker.answered(message.id, message.answer);
      case "failed":
        return asker.failed(message.id, message.fault);
      case "part":
        return asker.part(message.id, message.part);
      case "cut":
        return run?.surroundings.cut(message.permit, message.failure);
      case "abort":
        return stop.abort("the server stops the run");
    }
  });
  post({ type: "ready" });
}
