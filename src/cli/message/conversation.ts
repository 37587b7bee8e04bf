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

/** As one word of a command line. */
const shellWord = (text: string): string =>
  /^[\w.:@%+=,/-]+$/u.test(text) ? text : `'${safeText(text).replaceAll("'", `'\\''`)}'`;

/** `caxton conversation` */
export const conversation: CommandMaker = (command, invocation) => {
  command.description(
    "Conversations: what belongs together, who takes part, what the protocol expects next. A message that a protocol does " +
      "not allow is answered with not-understood and moves nothing.",
  );
  examples(command, [
    ["caxton conversation list", "those that are under way, and those that ended"],
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
    .summary("the last changed first")
    .description("List conversations, the last changed first.")
    .addOption(
      command.createOption("--state <state>", "only those in a state").choices([...conversations.CONVERSATION_STATES]),
    )
    .option("--protocol <name>", "only those of one protocol")
    .option("--with <name>", "only those it takes part in")
    .option("--archived", "those that were put away instead")
    .option("--stuck-first", "those that are stuck before the others")
    .option("--cursor <cursor>", "go on where a list ended, which says how")
    .option("-f, --follow", "go on with a line for each that changes, until Ctrl-C")
    .addOption(limitOption(20));
  examples(command, [
    ["caxton conversation list --state in-progress", "what is under way"],
    ["caxton conversation list --stuck-first", "what needs looking at on top"],
    ["caxton conversation list --with data-analyzer -o wide", ""],
    ["caxton conversation list --follow", "what goes on from now on, too"],
  ]);
  act(command, invocation, {
    input: z.object({
      state: z.string().optional(),
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
      { state, protocol, with: participant, archived, stuckFirst, cursor, follow: goesOn, limit },
    ) => {
      const order = stuckFirst ? "stuck" : "changed";
      const query = { state, protocol, participant, archived: String(archived), order, cursor };
      const found = await listUpTo(context.client, { ...pagesOf(operations.conversation.list), query }, limit);
      await showList(context, {
        raw: found.raw,
        items: found.value.items,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: "no such conversations; begin one: caxton message send --to <agent> <text>",
        footer: found.value.next === null || goesOn ? "" : `others: --cursor ${shellWord(found.value.next)}`,
      });
      if (!goesOn) return 0;
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
    .summary("one conversation, with what was said")
    .description("Show a conversation: who takes part and how far they are, what is expected next, and what was said.")
    .argument("<conversation>", ARGUMENT)
    .option("-f, --follow", "go on with what is said from now on");
  examples(command, [["caxton conversation get last", ""]]);
  act(command, invocation, {
    input: z.object({ conversation: z.string(), follow: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { conversation: reference, follow: goesOn }) => {
      const id = await resolveConversation(context, reference);
      if (goesOn) return followConversation(context, id);
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
    .summary("a conversation as it goes on")
    .description("Show what was said in a conversation, and what is said from now on, until Ctrl-C.")
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
    .summary("put conversations away")
    .description(
      "Put away conversations that are over, one or all that nothing was said in for a while. They are kept as long as messages are.",
    )
    .argument("[conversation]", ARGUMENT)
    .option("--older-than <duration>", "all that are over and silent for so long, as 30d")
    .addOption(
      command.createOption("--state <state>", "of those, only such").choices([...conversations.CONVERSATION_STATES]),
    )
    .option("--dry-run", "only say how many");
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
      const verb = value.dry_run ? "would be put away" : "put away";
      return showOne(context, { raw, name: String(value.archived), human: () => `${value.archived} ${verb}\n` });
    },
  });
}

function end(command: Command, invocation: Invocation): void {
  command
    .summary("end a conversation that is under way")
    .description(
      "End a conversation that is under way: nothing more may be said in it. What is owed in it is not done.",
    )
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
    .summary("let a conversation go on in another one")
    .description("Let a conversation go on in another one: nothing more is said in it.")
    .argument("<conversation>", ARGUMENT)
    .argument("<into>", "the one it goes on in");
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
    .summary("the interaction protocols, and what they allow")
    .description("List the interaction protocols, or show one: who may say what in which state.")
    .argument("[protocol]", "its name");
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
