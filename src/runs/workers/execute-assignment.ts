import { strict as assert } from "node:assert";
import type { MessagePort } from "node:worker_threads";
import { toFault } from "../../kernel/errors.ts";
import type { execute } from "../execution/index.ts";
import { RpcClient } from "./rpc-client.ts";
import { RunRecordReplica } from "./run-record-replica.ts";
import type { WorkerMessage, HostMessage, RunAssignment } from "./protocol.ts";
import { RemoteExecutionDeps } from "./remote-execution-deps.ts";

/**
 * Executes one run in a worker: takes it from the port, executes it with `work`, reports how it ended, and accepts no
 * other.
 */
export function executeAssignment(port: MessagePort, work: typeof execute): void {
  const post = (message: WorkerMessage): void => port.postMessage(message);
  const client = new RpcClient(post);
  const stop = new AbortController();
  let run: { readonly replica: RunRecordReplica; readonly remote: RemoteExecutionDeps } | undefined;

  const start = (given: RunAssignment): void => {
    assert(run === undefined, "a worker is used once");
    const replica = new RunRecordReplica(given.view, client, post);
    const remote = new RemoteExecutionDeps(given, replica, { client, post });
    run = { replica, remote };
    work(remote.deps, given.plan, stop.signal).then(
      () => post({ type: "over" }),
      (error: unknown) => {
        const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
        post({ type: "threw", fault: toFault(error), stack });
      },
    );
  };

  port.on("message", (message: HostMessage<never>) => {
    switch (message.type) {
      case "begin":
        return start(message.work);
      case "ping":
        return post({ type: "pong" });
      case "entries":
        return run?.replica.apply(message.entries);
      case "servers":
        return run?.remote.changed(message.servers);
      case "answer":
        return client.answered(message.id, message.answer);
      case "failed":
        return client.failed(message.id, message.fault);
      case "part":
        return client.part(message.id, message.part);
      case "cut":
        return run?.remote.cut(message.permit, message.failure);
      case "abort":
        return stop.abort("the server stops the run");
    }
  });
  post({ type: "ready" });
}
