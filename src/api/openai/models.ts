import { type AgentSummary, operations } from "../contract/index.ts";
import type { ProtocolScope } from "../http/index.ts";
import * as z from "zod";
import { checkInput } from "../operations/index.ts";

const Named = z.object({ model: z.string() });
const PAGE = 100;

/** Agents as the models of the OpenAI API. */
export function modelRoutes(scope: ProtocolScope): void {
  scope.route({
    method: "GET",
    path: "/v1/models",
    handle: async ({ caller }) => {
      const data = [];
      let cursor: string | undefined;
      do {
        const page = await caller.perform(operations.agent.list, { limit: PAGE, cursor });
        data.push(...page.items.map(modelOf));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return { object: "list", data };
    },
  });
  scope.route({
    method: "GET",
    path: "/v1/models/:model",
    handle: async ({ caller, request }) => {
      const { model: name } = checkInput(Named, request.params);
      return modelOf(await caller.perform(operations.agent.get, { name }));
    },
  });
}

const modelOf = ({ name, deployed_at: at, workspace }: Pick<AgentSummary, "name" | "deployed_at" | "workspace">) => ({
  id: name,
  object: "model",
  created: Math.floor(Date.parse(at) / 1_000),
  owned_by: workspace,
});
