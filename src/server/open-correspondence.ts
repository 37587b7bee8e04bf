import type { Agents } from "../agents/index.ts";
import { type Database, SqliteReplies, SqliteRunAnswers } from "../backends/sqlite/index.ts";
import {
  type ConversationPast,
  Correspondence,
  type MessageToolsDeps,
  MessageTools,
  Outbox,
  type TaskClaims,
} from "../correspondence/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { followUp, type Router } from "../router/index.ts";
import type { Replies, RunJournal, Runs } from "../runs/index.ts";

export type CorrespondenceParts = {
  readonly router: Router;
  readonly hopsMax: number;
  readonly agents: Agents;
  readonly runs: Runs;
  readonly replies: Replies;
  readonly journal: RunJournal;
  readonly database: Database;
  readonly tasks: TaskClaims;
  readonly clock: Clock;
};

/** Brings messages to the runs of deployed agents, and their answers back, from `begin` on. */
export function openCorrespondence(
  stack: AsyncDisposableStack,
  parts: CorrespondenceParts,
): { readonly begin: () => void } {
  const { router, hopsMax, agents, runs, replies, journal, database, tasks, clock } = parts;
  const waits = new SqliteReplies(database);
  const answers = new SqliteRunAnswers(database);
  const outbox = stack.use(new Outbox({ runs, answers, agents, post: router, clock }));
  const handler = new Correspondence({
    ...{ agents, runs, journal, replies, waits, answers, tasks, clock },
    post: router,
    past: pastIn(router),
    follow: (delivered) => followUp(delivered, hopsMax),
  });
  return {
    begin: () => {
      outbox.begin();
      stack.use(router.attachDeployed(handler));
    },
  };
}

/** What was said in a conversation, as the router has it on record. */
const pastIn = ({ records }: Router): ConversationPast => ({
  before: async ({ id, workspace, conversationId }, limit) => {
    const found = await records.messages({ workspace, conversation: conversationId, limit: limit + 1 });
    const at = found.findIndex(({ message }) => message.id === id);
    return found
      .slice(at + 1)
      .slice(0, limit)
      .map(({ message }) => message)
      .toReversed();
  },
});

/** The tools for messages; where they are sent is known later, when the router is open. */
export const openMessageTools = (
  deps: Omit<MessageToolsDeps, "post" | "agents">,
  later: { readonly router: () => Router; readonly agents: () => Agents },
): MessageTools =>
  new MessageTools({
    ...deps,
    agents: { list: (...query) => later.agents().list(...query) },
    post: { submit: (message) => later.router().submit(message) },
  });
