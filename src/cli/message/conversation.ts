import type { Command } from "commander";
import * as z from "zod";
import {
  type Conversation,
  conversations,
  type MessageRecord,
  operations,
  type Protocol,
} from "../../api/contract/index.ts";
import type { Answer } from "../client/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  type CommandMaker,
  type Context,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listUpTo,
  ONE_FORMATS,
  pagesOf,
  showList,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { type Column, oneLine, renderFields, safeText, showAge, type Tone } from "../terminal/index.ts";
import { followConversations } from "./follow-conversations.ts";
import { addressLine, contentLine, performativeTone } from "./lines.ts";
import { resolveConversation, shortId } from "./reference.ts";
import { followConversation } from "./tail.ts";

const ARGUMENT = "its id, the end of its id, or last";
const SHOWN_MAX = 200;

/** `caxton conversation` */
export const conversation: CommandMaker = (command, invocation) => {
  command.description(
    "List, follow, archive and merge conversations. A message that the protocol of its conversation does not allow is answered with not-understood and changes nothing.",
  );
  examples(command, [
    ["caxton conversation list", "running and ended conversations"],
    ["caxton conversation follow last", "watch one"],
    ["caxton conversation protocols fipa-contract-net", "what may be said in which state"],
  ]);
  list(command.command("list"), invocation);
  get(command.command("get").alias("show"), invocation);
  follow(command.command("follow"), invocation);
  archive(command.command("archive"), invocation);
  end(command.command("end"), invocation);
  merge(command.command("merge"), invocation);
  protocols(command.command("protocols"), invocation);
};

const TONES: { readonly [State in Conversation["state"]]: Tone | undefined } = {
  initiated: "cyan",
  "in-progress": "cyan",
  completed: "green",
  failed: "red",
  expired: "yellow",
  cancelled: "yellow",
  merged: "dim",
};

const columns = (nowMs: number): readonly Column<Conversation>[] => [
  { title: "ID", value: ({ id }) => id, short: ({ id }) => shortId(id) },
  {
    title: "STATE",
    value: ({ state, stuck }) => (stuck ? `${state}, stuck` : state),
    tone: ({ state, stuck }) => (stuck ? "red" : TONES[state]),
  },
  { title: "PROTOCOL", value: ({ protocol }) => protocol ?? "free" },
  { title: "BY", value: ({ initiator }) => initiator },
  { title: "MESSAGES", value: (each) => String(each.messages) },
  {
    title: "LAST",
    value: (each) => each.last_activity_at,
    short: (each) => showAge(Date.parse(each.last_activity_at), nowMs),
  },
  { title: "DUE", value: ({ due_at }) => due_at ?? "", wide: true },
  { title: "WITH", value: (each) => each.participants.map(({ name }) => name).join(", "), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list conversations")
    .description("List conversations, most recently changed first.")
    .addOption(
      command
        .createOption("--state <state>", "only conversations in this state")
        .choices([...conversations.CONVERSATION_STATES]),
    )
    .option("--protocol <name>", "only conversations of this protocol")
    .option("--with <name>", "only conversations with this participant")
    .option("--archived", "list archived conversations instead")
    .option("--stuck-first", "list stuck conversations first")
    .option("--cursor <cursor>", "cursor of the next page, as the list prints it")
    .option("-f, --follow", "keep printing a line per change, until Ctrl-C")
    .addOption(limitOption(20));
  examples(command, [
    ["caxton conversation list --state in-progress", "running conversations"],
    ["caxton conversation list --stuck-first", "what needs looking at on top"],
    ["caxton conversation list --with data-analyzer -o wide", ""],
    ["caxton conversation list --follow", "also new changes"],
  ]);
  act(command, invocation, {
    input: z.object({
      state: z.enum(conversations.CONVERSATION_STATES).optional(),
      protocol: z.string().optional(),
      with: z.string().optional(),
      archived: z.boolean().default(false),
      stuckFirst: z.boolean().default(false),
      cursor: z.string().optional(),
      follow: z.boolean().default(false),
      limit: z.number(),
    }),
    formats: LIST_FORMATS,
    run: async (
      context,
      { state, protocol, with: participant, archived, stuckFirst, cursor, follow: keepFollowing, limit },
    ) => {
      const order = stuckFirst ? ("stuck" as const) : ("changed" as const);
      const query = { state, protocol, participant, archived: String(archived), order, cursor };
      const found = await listUpTo(context.client, pagesOf(operations.conversation.list, query), limit);
      await showList(context, {
        raw: found.raw,
        items: found.value.items,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: "no such conversations; begin one: caxton message send --to <agent> <text>",
        footer: found.value.next === null || keepFollowing ? "" : `others: --cursor ${safeText(found.value.next)}`,
      });
      if (!keepFollowing) return 0;
      return followConversations(context, (one) => {
        const names = [one.initiator, ...one.participants.map(({ name }) => name)];
        return (
          (state === undefined || one.state === state) &&
          (protocol === undefined || one.protocol === protocol) &&
          (participant === undefined || names.includes(participant)) &&
          (one.archived_at !== null) === archived
        );
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a conversation")
    .description(
      "Show a conversation: its participants and their states, the expected performatives, and its messages.",
    )
    .argument("<conversation>", ARGUMENT)
    .option("-f, --follow", "keep printing new messages, until Ctrl-C");
  examples(command, [["caxton conversation get last", ""]]);
  act(command, invocation, {
    input: z.object({ conversation: z.string(), follow: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { conversation: reference, follow: keepFollowing }) => {
      const id = await resolveConversation(context, reference);
      if (keepFollowing) return followConversation(context, id);
      const { raw, value } = await context.client.call(operations.conversation.get, { id });
      const said = await context.client.call(operations.conversation.messages, { id, limit: SHOWN_MAX });
      return showOne(context, { raw, name: id, human: () => whole(context, value, said.value.items.toReversed()) });
    },
  });
}

function whole({ terminal: { style } }: Context, one: Conversation, said: readonly MessageRecord[]): string {
  const outcome = one.outcome === null ? "" : ` (${one.outcome})`;
  const fields: [string, string][] = [
    ["id", safeText(one.id)],
    ["state", style(TONES[one.state] ?? "bold", `${one.state}${outcome}`)],
    ["protocol", one.protocol ?? "free"],
    ["initiator", safeText(one.initiator)],
    ...one.participants.map((each): [string, string] => [
      "participant",
      `${safeText(each.name)}: ${each.state}${each.deadline === null ? "" : `, until ${each.deadline}`}`,
    ]),
    ...one.expected.map(({ who, acts }): [string, string] => ["expected", `${safeText(who)}: ${acts.join(" or ")}`]),
    ["begun", one.started_at],
    ["last said", one.last_activity_at],
    ["due", one.due_at ?? ""],
    ["parent", one.parent ?? ""],
    ["branches", one.branches.join(", ")],
    ["archived", one.archived_at ?? ""],
  ];
  const lines = said.map((message) => {
    const head = style(performativeTone(message.performative) ?? "bold", message.performative);
    return `${style("dim", message.at)}  ${safeText(message.sender)} → ${safeText(addressLine(message))}  ${head}\n    ${oneLine(contentLine(message))}\n`;
  });
  const shown = fields.filter(([, value]) => value !== "");
  return `${renderFields(shown)}\n${lines.join("")}`;
}

function follow(command: Command, invocation: Invocation): void {
  command
    .summary("follow a conversation")
    .description("Show the messages of a conversation, and new ones until Ctrl-C.")
    .argument("<conversation>", ARGUMENT);
  examples(command, [["caxton conversation follow last", ""]]);
  act(command, invocation, {
    input: z.object({ conversation: z.string() }),
    formats: ["text", "jsonl"],
    run: async (context, { conversation: reference }) =>
      followConversation(context, await resolveConversation(context, reference)),
  });
}

function archive(command: Command, invocation: Invocation): void {
  command
    .summary("archive conversations")
    .description(
      "Archive ended conversations: one, or all that are idle for a time. They are kept as long as messages are.",
    )
    .argument("[conversation]", ARGUMENT)
    .option("--older-than <duration>", "all ended conversations idle for this long, for example 30d")
    .addOption(
      command
        .createOption("--state <state>", "only conversations in this state")
        .choices([...conversations.CONVERSATION_STATES]),
    )
    .option("--dry-run", "only print the number");
  examples(command, [
    ["caxton conversation archive last", ""],
    ["caxton conversation archive --older-than 7d --dry-run", "how many there would be"],
  ]);
  act(command, invocation, {
    input: z.object({
      conversation: z.string().optional(),
      olderThan: z.string().optional(),
      state: z.enum(conversations.CONVERSATION_STATES).optional(),
      dryRun: z.boolean().default(false),
    }),
    formats: ONE_FORMATS,
    run: async (context, { conversation: reference, olderThan, state, dryRun }) => {
      if (reference !== undefined && olderThan === undefined)
        return actOn(context, reference, (id) => context.client.call(operations.conversation.archive, { id }));
      if (reference !== undefined || olderThan === undefined)
        throw new UsageError("name a conversation, or give --older-than", "caxton conversation archive");
      const { raw, value } = await context.client.call(operations.conversation.archiveInactive, {
        older_than: olderThan,
        dry_run: dryRun,
        state,
      });
      const verb = value.dry_run ? "would be archived" : "archived";
      return showOne(context, { raw, name: String(value.archived), human: () => `${value.archived} ${verb}\n` });
    },
  });
}

function end(command: Command, invocation: Invocation): void {
  command
    .summary("end a running conversation")
    .description("End a running conversation. It accepts no further messages, and its open obligations are not met.")
    .argument("<conversation>", ARGUMENT);
  examples(command, [["caxton conversation end last", ""]]);
  act(command, invocation, {
    input: z.object({ conversation: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { conversation: reference }) =>
      actOn(context, reference, (id) => context.client.call(operations.conversation.end, { id })),
  });
}

function merge(command: Command, invocation: Invocation): void {
  command
    .summary("merge a conversation into another")
    .description("Merge a conversation into another one. It accepts no further messages.")
    .argument("<conversation>", ARGUMENT)
    .argument("<into>", "target conversation");
  examples(command, [["caxton conversation merge 4f2a9c01 8b77e210", ""]]);
  act(command, invocation, {
    input: z.object({ conversation: z.string(), into: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { conversation: reference, into: other }) => {
      const into = await resolveConversation(context, other);
      return actOn(context, reference, (id) => context.client.call(operations.conversation.merge, { id, into }));
    },
  });
}

async function actOn(
  context: Context,
  reference: string,
  change: (id: string) => Promise<Answer<Conversation>>,
): Promise<void> {
  const id = await resolveConversation(context, reference);
  const { raw, value } = await change(id);
  const put = value.archived_at === null ? "" : ", archived";
  await showOne(context, { raw, name: id, human: () => `${id}  ${value.state}${put}\n` });
}

const protocolColumns: readonly Column<Protocol>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "OPENS WITH", value: ({ opening }) => opening.join(", ") },
  { title: "SPECIFICATION", value: ({ specification }) => specification, wide: true },
  { title: "PURPOSE", value: ({ purpose }) => purpose, shrinks: true },
];

/** A protocol's name as messages may spell it: any case and separators, with or without `fipa`. */
const protocolKey = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/gu, "")
    .replace(/^fipa/u, "");

function protocols(command: Command, invocation: Invocation): void {
  command
    .summary("list interaction protocols")
    .description("List the interaction protocols, or show one: the performatives allowed in each state.")
    .argument("[protocol]", "protocol name");
  examples(command, [["caxton conversation protocols fipa-request", ""]]);
  act(command, invocation, {
    input: z.object({ protocol: z.string().optional() }),
    formats: LIST_FORMATS,
    run: async (context, { protocol: name }) => {
      const { raw, value } = await context.client.call(operations.conversation.protocols, {});
      if (name === undefined)
        return showList(context, {
          raw,
          items: value.items,
          columns: protocolColumns,
          name: (each) => each.name,
          empty: "",
        });
      const key = protocolKey(name);
      const found = value.items.find((each) =>
        [each.name, ...each.aliases].some((known) => protocolKey(known) === key),
      );
      if (found === undefined)
        throw new UsageError(
          `there is no protocol "${name}"; see: caxton conversation protocols`,
          "caxton conversation",
        );
      return showList(context, {
        raw: { items: found.steps },
        items: found.steps,
        columns: [
          { title: "IN STATE", value: ({ from }) => from },
          { title: "BY", value: ({ by }) => by },
          { title: "ACT", value: (step) => step.act ?? "(time passes)" },
          { title: "TO STATE", value: ({ to }) => to },
          { title: "MEANS", value: ({ means }) => means, shrinks: true },
        ],
        name: ({ act: done }) => done ?? "",
        empty: "",
        footer: `${found.title}, ${found.specification}`,
      });
    },
  });
}
