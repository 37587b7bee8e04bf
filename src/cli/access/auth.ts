import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import {
  act,
  type CommandMaker,
  examples,
  type Invocation,
  LIST_FORMATS,
  ONE_FORMATS,
  showList,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { renderFields, safeText } from "../terminal/index.ts";
import { grantText } from "./key.ts";
import { identityLine } from "./login.ts";

/** `caxton whoami` */
export const whoami: CommandMaker = (command, invocation) => {
  command.description("Show your identity, role and workspace on the server.");
  examples(command, [
    ["caxton whoami", ""],
    ["caxton whoami -o json", "with all permissions"],
  ]);
  act(command, invocation, {
    input: z.object({}),
    formats: ONE_FORMATS,
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.access.whoami, {});
      await showOne(context, {
        raw,
        name: value.id,
        human: () =>
          renderFields(
            [
              ["server", context.client.server.origin],
              ["identity", identityLine(value)],
              ["workspace", value.workspace],
              ["grants", value.grants.map(grantText).join(", ")],
              ["expires", value.expires_at ?? "never"],
            ],
            context.terminal,
          ),
      });
    },
  });
};

/** `caxton auth` */
export const auth: CommandMaker = (command, invocation) => {
  command.description("Show what you may do on the server, and what each role may do.");
  examples(command, [
    ["caxton auth can-i runs:execute", ""],
    ["caxton auth can-i --list", "all your permissions"],
    ["caxton auth roles", ""],
  ]);
  canI(command.command("can-i"), invocation);
  roles(command.command("roles"), invocation);
};

function canI(command: Command, invocation: Invocation): void {
  command
    .summary("check a permission")
    .description("Print yes or no, and exit with 0 or 4. With --list, print all your permissions.")
    .argument("[permission]", "a permission, such as runs:execute")
    .option("--list", "list your permissions");
  examples(command, [
    ["caxton auth can-i runs:execute", ""],
    ["caxton auth can-i --list -o name", ""],
  ]);
  act(command, invocation, {
    input: z.object({ permission: z.string().optional(), list: z.boolean().default(false) }),
    formats: LIST_FORMATS,
    run: async (context, { permission, list }) => {
      const { raw, value } = await context.client.call(operations.access.whoami, {});
      if (list) {
        await showList(context, {
          raw,
          items: value.permissions,
          columns: [{ title: "PERMISSION", value: (each) => each }],
          name: (each) => each,
          empty: "you have no permissions",
        });
        return 0;
      }
      if (permission === undefined) throw new UsageError("name a permission, or add --list", "caxton auth can-i");
      const isAllowed = value.permissions.some((each) => each === permission);
      await showOne(context, {
        raw: { permission, allowed: isAllowed, workspace: value.workspace },
        name: isAllowed ? "yes" : "no",
        human: () =>
          `${isAllowed ? "yes" : `no: the role ${safeText(value.role)} does not have ${safeText(permission)}`} (workspace ${value.workspace})\n`,
      });
      return isAllowed ? 0 : 4;
    },
  });
}

function roles(command: Command, invocation: Invocation): void {
  command.summary("list roles").description("List the roles of the server with their permissions.");
  examples(command, [["caxton auth roles -o yaml", ""]]);
  act(command, invocation, {
    input: z.object({}),
    formats: LIST_FORMATS,
    run: async (context) => {
      const { raw, value } = await context.client.call(operations.access.roles, {});
      await showList(context, {
        raw,
        items: value.items,
        columns: [
          { title: "ROLE", value: ({ name }) => name },
          { title: "PERMISSIONS", value: ({ permissions }) => String(permissions.length), align: "right" },
          { title: "DESCRIPTION", value: ({ description }) => safeText(description), shrinks: true },
        ],
        name: ({ name }) => name,
        empty: "there are no roles",
      });
    },
  });
}
