import * as z from "zod";
import type { ListedA2aAgent } from "../../../remotes/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { instant } from "../instant.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";

const Interface = z
  .object({ url: z.string(), protocolBinding: z.string(), protocolVersion: z.string().default("") })
  .transform(({ url, protocolBinding: binding, protocolVersion: version }) => ({ url, binding, version }));
/** What is shown of a card, which was valid when it was stored. */
const Card = z
  .object({
    name: z.string().default(""),
    description: z.string().default(""),
    version: z.string().default(""),
    supportedInterfaces: z.array(Interface),
  })
  .transform(({ name: title, description, version, supportedInterfaces: interfaces }) => ({
    title,
    description,
    version,
    interfaces,
  }));

const present = ({ agents }: ApiServices["remotes"], { agent, problem }: ListedA2aAgent): contract.RemoteAgent => {
  const { name, url, auth, keys, addedAtMs, checkedAtMs } = agent;
  return {
    name,
    url,
    auth,
    is_signed: keys.length > 0,
    ...Card.parse(agent.card),
    capabilities: [...agents.capabilitiesOf(agent)],
    open_tasks: agents.openTasks(agent),
    added_at: instant(addedAtMs),
    checked_at: instant(checkedAtMs),
    problem: problem === undefined ? null : { code: problem.code, message: problem.message },
  };
};

const list = implement(operations.remoteAgent.list, ({ remotes }, query, { principal: { workspace } }) => {
  const { items, next } = pageByKey(
    remotes.agents.list(workspace),
    ({ agent }) => agent.name,
    query,
    cursors.remoteAgents,
  );
  return { items: items.map((each) => present(remotes, each)), next };
});

/** Throws RemoteAgentError. */
const get = implement(operations.remoteAgent.get, ({ remotes }, { name }, { principal: { workspace } }) =>
  present(remotes, remotes.agents.get(workspace, name)),
);

/** Throws what `RemoteAgents.add` does. */
const add = implement(operations.remoteAgent.add, async ({ remotes }, body, { principal: { workspace } }) =>
  present(remotes, await remotes.agents.add({ workspace, ...body })),
);

/** Throws RemoteAgentError, AddressRefusedError. */
const refresh = implement(operations.remoteAgent.refresh, async ({ remotes }, { name }, { principal: { workspace } }) =>
  present(remotes, await remotes.agents.refresh(workspace, name)),
);

/** Throws RemoteAgentError. */
const remove = implement(operations.remoteAgent.delete, async ({ remotes }, { name }, { principal: { workspace } }) => {
  await remotes.agents.remove(workspace, name);
  return { name };
});

export const remoteAgentOperations = [list, get, add, refresh, remove] as const;
