import * as z from "zod";
import { DOCUMENTS, system } from "../api/contract/index.ts";
import { packageVersion } from "../kernel/package.ts";
import { act, type CommandMaker, examples, showOne } from "./frame/index.ts";
import { renderFields } from "./terminal/index.ts";

/** `caxton version` */
export const version: CommandMaker = (command, invocation) => {
  command.description("Show the versions of this command, of Node.js and, if it responds, of the server.");
  examples(command, [
    ["caxton version", ""],
    ["caxton version -o json", "for scripts and bug reports"],
    ["caxton --version", "only this command's, at once"],
  ]);
  act(command, invocation, {
    input: z.object({}),
    formats: ["table", "json", "yaml", "name"],
    run: async (context) => {
      const server = await serverVersion();
      const client = packageVersion();
      await showOne(context, {
        raw: { client, node: process.versions.node, server },
        name: client,
        human: () =>
          renderFields(
            [
              ["caxton", client],
              ["node", process.versions.node],
              ["server", server ?? `none answers at ${context.client.server.origin}`],
            ],
            context.terminal,
          ),
      });

      async function serverVersion(): Promise<string | null> {
        try {
          const { value } = await context.client.request({
            path: DOCUMENTS.health,
            schema: system.Health,
            timeoutMs: PROBE_MS,
          });
          return value.version;
        } catch {
          // Its absence is an answer here.
          return null;
        }
      }
    },
  });
};

const PROBE_MS = 2_000;
