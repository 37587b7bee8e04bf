import type { Agents } from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { packageVersion } from "../../kernel/package.ts";
import type { Memory } from "../../memory/knowledge/index.ts";
import type { Directory, Router, Subscriptions } from "../../messaging/router/index.ts";
import type { Tasks } from "../../messaging/tasks/index.ts";
import type { NativeTools } from "../../tools/catalogue/index.ts";
import { ClientTools, HandoffTools, UserTools } from "../calls/index.ts";
import { AgentTools, MessageTools, type RemoteLookup } from "../conversations/index.ts";
import type { RunJournal } from "../record/index.ts";
import { MemoryTools } from "../remembering/index.ts";

export type OwnToolsPorts = {
  readonly journal: RunJournal;
  readonly agents: Agents;
  readonly memory: Memory;
  readonly messaging: {
    readonly router: Router;
    readonly directory: Directory;
    readonly participants: RemoteLookup;
    readonly subscriptions: Subscriptions;
    readonly tasks: Tasks;
  };
  readonly clock: Clock;
};

/** The tools by which runs use messages and memory, ask the user, and wait for results of their callers. */
export function ownTools({ journal, agents, memory, messaging, clock }: OwnToolsPorts): readonly NativeTools[] {
  const { router, directory, participants, subscriptions, tasks } = messaging;
  const version = packageVersion();
  return [
    new MessageTools({
      journal,
      clock,
      version,
      finder: { agents, directory },
      post: router,
      subscriptions,
      conversations: router.records,
      tasks,
    }),
    new AgentTools({ post: router, journal, agents, participants, clock, version }),
    new HandoffTools(version),
    new MemoryTools({ memory, version }),
    new UserTools({ journal, clock, version }),
    new ClientTools(clock, version),
  ];
}
