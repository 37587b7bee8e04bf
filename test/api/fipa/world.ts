import {
  attachRemoteAgents,
  type FipaOptions,
  FipaTransport,
  RemoteAgents,
  withRemoteAgents,
} from "../../../src/api/fipa/index.ts";
import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { LOCAL_LIMITS, ResourceLimits } from "../../../src/access/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { composeMessage, composeReply, type Message, type MessageDraft } from "../../../src/messaging/acl/index.ts";
import { type Directory, Router, ROUTER_DEFAULTS } from "../../../src/messaging/router/index.ts";
import { MemoryDisk, MemoryMessageJournal } from "../../helpers/memory-message-journal.ts";
import { TestDirectory } from "../../messaging/router/world.ts";

/** A server's messages with the FIPA transport, and one who writes and gathers the answers. */
export type FipaWorld = AsyncDisposable & {
  readonly transport: FipaTransport;
  readonly router: Router;
  readonly remotes: RemoteAgents;
  readonly directory: Directory;
  /** Sends it as `olga` and gives what came back until a message of the kind `last` did. */
  readonly ask: (
    draft: Partial<MessageDraft> & Pick<MessageDraft, "address" | "content" | "performative">,
    last: string,
  ) => Promise<readonly Message[]>;
};

const WAIT_MS = 20_000;
const agents = () => [{ name: "echo", capabilities: ["echoing"] }];
const ignore = (_message: Message): void => {};

const said = (text: string) => ({ type: "text", text }) as const;

/** What `echo` says to a message; undefined: nothing. */
function answerOf({ performative, content }: Message): Pick<MessageDraft, "performative" | "content"> | undefined {
  const words = content.type === "text" ? content.text : "";
  if (performative === "cfp") return { performative: "propose", content: said(`a bid: ${words}`) };
  if (performative === "accept-proposal") return { performative: "inform", content: said("delivered") };
  if (performative !== "request") return undefined;
  return words.includes("refuse")
    ? { performative: "refuse", content: said("not today") }
    : { performative: "inform", content };
}

/**
 * `echo` answers each request with its text, refuses those that say "refuse" and bids for tasks; `olga` is the one who asks.
 */
export async function openFipa(
  remote: Readonly<Record<string, string>> = {},
  options: Partial<FipaOptions> = {},
): Promise<FipaWorld> {
  await using stack = new AsyncDisposableStack();
  const people = new TestDirectory("echo", "olga");
  const remotes = new RemoteAgents(remote);
  const directory = withRemoteAgents(people, remotes);
  const alarm = stack.use(new TimerQueue(systemClock));
  const router = await Router.open({
    stores: { journal: new MemoryMessageJournal(new MemoryDisk()) },
    directory,
    clock: systemClock,
    alarm,
    options: ROUTER_DEFAULTS,
  });
  stack.defer(async () => router.close(1_000));
  const transport = stack.use(
    await FipaTransport.open(
      {
        submit: (message) => router.submit(message),
        records: router.records,
        remotes,
        agents,
        clock: systemClock,
        limits: new ResourceLimits(LOCAL_LIMITS, systemClock),
        workspace: "default",
      },
      {
        host: "127.0.0.1",
        port: 0,
        platform: "caxton",
        address: undefined,
        allow: [],
        messageBytesMax: 1_048_576,
        ...options,
      },
    ),
  );
  stack.use(attachRemoteAgents({ router, transport, remotes, workspace: "default" }));
  const echo = async ({ message }: { readonly message: Message }) => {
    const answer = answerOf(message);
    if (answer) await router.submit(composeReply(message, { ...answer, sender: "echo", atMs: systemClock.nowMs() }));
    return { type: "done" } as const;
  };
  stack.use(router.attach("default", "echo", { handle: echo }));
  let heard = ignore;
  const hear = async ({ message }: { readonly message: Message }) => {
    heard(message);
    return { type: "done" } as const;
  };
  stack.use(router.attach("default", "olga", { handle: hear }));
  const ask: FipaWorld["ask"] = async (draft, last) => {
    const sent = composeMessage({ workspace: "default", sender: "olga", atMs: systemClock.nowMs(), ...draft });
    const { promise, resolve, reject } = Promise.withResolvers<readonly Message[]>();
    const got: Message[] = [];
    heard = (message) => {
      if (message.conversationId !== sent.conversationId) return;
      got.push(message);
      if (message.performative === last) resolve(got);
    };
    const late = setTimeout(() => reject(new Error(`no ${last}: ${JSON.stringify(got)}`)), WAIT_MS);
    const outcome = await router.submit(sent);
    if (outcome.type !== "accepted") reject(new Error(JSON.stringify(outcome)));
    return promise.finally(() => clearTimeout(late));
  };
  const owned = stack.move();
  return { transport, router, remotes, directory, ask, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
