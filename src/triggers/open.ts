import type { Agents } from "../agents/definitions/index.ts";
import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { FileSource } from "./files/file-source.ts";
import { Firing } from "./firing.ts";
import { Hooks } from "./hooks/hooks.ts";
import { type MessagePorts, MessageSource } from "./messages/message-source.ts";
import { type Authorize, RunStarter, type RunStarterPorts } from "./run-starter.ts";
import { SlotTimer } from "./slot-timer.ts";
import type { SecretVault, Trigger, TriggerStore } from "./trigger.ts";
import { Triggers } from "./triggers.ts";

export type TriggersPorts = {
  readonly store: TriggerStore;
  readonly agents: Pick<Agents, "get">;
  readonly runs: RunStarterPorts["runs"];
  readonly authorize: Authorize;
  readonly changes: Pick<ChangeLog, "watch" | "read" | "range">;
  readonly clock: Clock;
  readonly secrets: SecretVault;
  readonly sources: { readonly messages: MessagePorts; readonly files: RunStarterPorts["files"] };
};

const CHANGES_PER_READ = 500;

/** Opens triggers. None fires before `start`. */
export function openTriggers({ store, agents, runs, authorize, changes, clock, secrets, sources }: TriggersPorts) {
  const { messages, files } = sources;
  const firing = new Firing({ store, clock, starter: new RunStarter({ runs, authorize, files }) });
  const timer = new SlotTimer({ store, clock, firing });
  let after = changes.range().last;
  const source = new MessageSource({ store, clock, firing, messages });
  const { root, bytesMax } = files;
  const fileSource = new FileSource({ store, clock, firing, root, bytesMax });
  const changed = (trigger: Pick<Trigger, "workspace" | "id">) => {
    timer.wake();
    source.changed(trigger);
    fileSource.changed(trigger);
  };
  firing.onChange((trigger) => {
    source.changed(trigger);
    fileSource.changed(trigger);
  });
  // A deployment changes the triggers that the definition declares.
  const watching = changes.watch(() => {
    timer.wake();
    for (let found = changes.read(after, CHANGES_PER_READ); found.length > 0;) {
      for (const { seq, workspace, change } of found) {
        after = seq;
        if (change.type !== "agent") continue;
        source.agentChanged(workspace, change.name);
        fileSource.agentChanged(workspace, change.name);
      }
      found = changes.read(after, CHANGES_PER_READ);
    }
  });
  const triggers = new Triggers({ store, clock, agents, firing, changed, secrets, hasFiles: root !== undefined });
  const hooks = new Hooks({ store, clock, triggers, secrets });
  return {
    triggers,
    hooks,
    /** Starts runs of events that were recorded before, and from now on fires triggers. */
    start: (): void => {
      firing.resume();
      timer.start();
      source.start();
      fileSource.start();
      void hooks.sweep();
    },
    [Symbol.asyncDispose]: async () => {
      watching[Symbol.dispose]();
      source[Symbol.dispose]();
      await fileSource[Symbol.asyncDispose]();
      await timer[Symbol.asyncDispose]();
      await firing[Symbol.asyncDispose]();
    },
  };
}
/** The services of the module. */
export type TriggerServices = ReturnType<typeof openTriggers>;
