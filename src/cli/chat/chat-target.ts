import * as z from "zod";
import { operations, type Thread } from "../../api/contract/index.ts";
import { type Context, UsageError } from "../frame/index.ts";

export const ChatInput = z.object({
  agent: z.string().optional(),
  thread: z.string().optional(),
  continue: z.boolean().default(false),
  message: z.string().optional(),
  file: z.array(z.string()).default([]),
  model: z.string().optional(),
});
export type ChatInput = z.infer<typeof ChatInput>;

const PATH = "caxton chat";
const THREADS_READ = 200;

export type ChatTarget = { readonly agent: string; readonly thread: Thread | undefined };

/** The agent and the thread to continue. Throws UsageError, ServerProblem for an unknown thread. */
export async function targetOf(
  context: Context,
  { agent, thread: id, continue: continues }: ChatInput,
): Promise<ChatTarget> {
  if (id !== undefined && continues) throw new UsageError("--thread and --continue exclude each other", PATH);
  if (id !== undefined) {
    const { value: thread } = await context.client.call(operations.thread.get, { id });
    if (agent !== undefined && agent.toLowerCase() !== thread.agent.toLowerCase())
      throw new UsageError(`the agent of this thread is ${thread.agent}, not ${agent}`, PATH);
    return { agent: thread.agent, thread };
  }
  const [thread] = continues ? await ownThreads(context, agent, 1) : [];
  if (continues && thread === undefined)
    throw new UsageError(`you have no thread${agent === undefined ? "" : ` with ${agent}`} to continue`, PATH);
  const name = thread?.agent ?? agent;
  if (name === undefined) throw new UsageError("name an agent, or a thread with --thread", PATH);
  return { agent: name, thread };
}

/** The last threads that the user created, with an agent or with any. */
export async function ownThreads(
  { client }: Context,
  agent: string | undefined,
  limit: number,
): Promise<readonly Thread[]> {
  const { value: me } = await client.call(operations.access.whoami, {});
  const only = agent === undefined ? {} : { agent };
  const { value } = await client.call(operations.thread.list, { ...only, limit: THREADS_READ });
  return value.items.filter(({ owner }) => owner === me.name).slice(0, limit);
}
