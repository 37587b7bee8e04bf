import type { Clock } from "../kernel/clock.ts";
import { fetchContent } from "../messaging/acl/index.ts";
import type { MessagingServices } from "../messaging/index.ts";
import { A2aClient, type ReadSecret } from "./client/a2a-client.ts";
import { Follower } from "./follower.ts";
import { type HandlerParts, RemoteHandler } from "./handler.ts";
import type { A2aStore } from "./remote-agent.ts";
import { RemoteAgents } from "./remote-agents.ts";
import { Replies } from "./replies.ts";
import { Sending } from "./sending.ts";

export type RemotesOptions = { readonly hopsMax: number };

export type RemotesPorts = {
  readonly store: A2aStore;
  readonly messaging: Pick<MessagingServices, "router" | "participants" | "contents">;
  /** Refuses addresses that remote agents may not have, and follows no redirect. */
  readonly fetch: typeof fetch;
  readonly secret: ReadSecret;
  readonly delegated: HandlerParts["delegated"];
  readonly clock: Clock;
};

/** Opens agents of other systems. No message is sent to them, and no task followed, before `start`. */
export function openRemotes({ hopsMax }: RemotesOptions, ports: RemotesPorts) {
  const { store, messaging, fetch, secret, delegated, clock } = ports;
  const { router, participants, contents } = messaging;
  const client = new A2aClient({ fetch, secret, clock });
  const replies = new Replies({ store, client, router, contents, clock, hopsMax });
  const sending = new Sending({ store, client, replies, clock });
  const find: HandlerParts["find"] = (workspace, name) => agents.find(workspace, name);
  const handler = new RemoteHandler({ find, store, client, sending, replies, delegated, clock });
  const shared = { store, find, client, sending, replies, delegated, clock };
  const follower = new Follower({
    ...shared,
    message: async (workspace, id, signal) => {
      const found = await router.records.message(workspace, id);
      return found && { ...found.message, content: await fetchContent(found.message, contents, signal) };
    },
  });
  const agents: RemoteAgents = new RemoteAgents({
    store,
    client,
    participants,
    router,
    attach: (workspace, name) =>
      router.attach(workspace, name, {
        handle: (...delivery) => handler.handle(...delivery).finally(() => follower.wake()),
      }),
    clock,
  });
  return {
    agents,
    /** Follows the tasks of before, and from now on takes messages. */
    start: (): void => {
      agents.start();
      follower.wake();
    },
    [Symbol.asyncDispose]: async () => {
      await agents[Symbol.asyncDispose]();
      await sending[Symbol.asyncDispose]();
      await follower[Symbol.asyncDispose]();
    },
  };
}
/** The services of the module. */
export type RemoteServices = ReturnType<typeof openRemotes>;
