import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  Bot,
  Box,
  Gavel,
  History,
  Mail,
  MailX,
  MessageSquareText,
  MessagesSquare,
  ShieldCheck,
  Timer,
  Webhook,
} from "lucide-react";
import { operations, type RunSummary, type Task, type Thread } from "../../../src/api/contract/index.ts";
import { call } from "../api/client.ts";
import { conversationQuery } from "../api/conversations.ts";
import { foundEntitiesQuery, memoryFiguresQuery } from "../api/memory/memory.ts";
import { messageQuery } from "../api/messages.ts";
import { entriesOf, type Page } from "../api/page.ts";
import { approvalsQuery, runQuery } from "../api/queries.ts";
import { taskQuery } from "../api/tasks.ts";
import { threadQuery } from "../api/threads/threads.ts";
import { requestTitle } from "../parts/messages/plain-words.ts";
import { useSettled } from "../parts/forms/settled.ts";
import { scopesToLookInto } from "../pages/memory/scopes.ts";
import { text } from "../text/text.ts";
import { type Entry, item } from "./palette-entry.ts";

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const PAGE_SIZE = 200;
/** Entries of one list that are searched, the newest first. */
const LIST_MAX = 1_000;
const RUNS_MAX = 400;
const SETTLED_MS = 150;

export const isId = (words: string): boolean => ID.test(words);

type Paging = { readonly cursor: string | undefined; readonly limit: number };
type List<Item> = {
  readonly name: string;
  readonly read: (paging: Paging, signal: AbortSignal) => Promise<Page<Item>>;
  /** How many of its entries are searched, the newest first. */
  readonly max: number;
};

const AGENTS = list("agents", (paging, signal) => call(operations.agent.list, paging, signal));
const RUNS = list("runs", (paging, signal) => call(operations.run.list, paging, signal), RUNS_MAX);
const TASKS = list("tasks", (paging, signal) => call(operations.task.list, paging, signal));
const THREADS = list("threads", (paging, signal) => call(operations.thread.list, paging, signal), RUNS_MAX);
const TRIGGERS = list("triggers", (paging, signal) => call(operations.trigger.list, paging, signal));
const WEBHOOKS = list("webhooks", (paging, signal) => call(operations.webhook.list, paging, signal));
const LETTERS = list("letters", (paging, signal) => call(operations.deadLetter.list, paging, signal));

function list<Item>(name: string, read: List<Item>["read"], max = LIST_MAX): List<Item> {
  return { name, read, max };
}

/** The newest entries of a list, page after page. */
function useList<Item>({ name, read, max }: List<Item>, enabled: boolean): readonly Item[] {
  const { data = [] } = useQuery({
    queryKey: ["found", name],
    queryFn: ({ signal }) => entriesOf((cursor) => read({ cursor, limit: PAGE_SIZE }, signal), max),
    enabled,
    staleTime: 0,
    retry: false,
  });
  return data;
}

/** What the server's lists have: agents from the start, all others once something is typed. */
export function useListed(typed: boolean): readonly Entry[] {
  const navigate = useNavigate();
  const agents = useList(AGENTS, true);
  const runs = useList(RUNS, true);
  const tasks = useList(TASKS, typed);
  const letters = useList(LETTERS, typed);
  const threads = useList(THREADS, typed);
  const triggers = useList(TRIGGERS, typed);
  const webhooks = useList(WEBHOOKS, typed);
  const approvals = useQuery(approvalsQuery).data?.items ?? [];
  return [
    ...approvals.map(({ id, tool, agent, run }) =>
      item("approval", ShieldCheck, [text.palette.approve(tool), agent, `${id} ${run}`], () => {
        void navigate({ to: "/approvals" });
      }),
    ),
    ...agents.map(({ name, description }) =>
      item("agent", Bot, [name, description], () => void navigate({ to: "/agents/$name", params: { name } })),
    ),
    ...threads.map((thread) => threadEntry(thread, (id) => void navigate({ to: "/chat/$id", params: { id } }))),
    ...runs.map((run) => runEntry(run, (id) => void navigate({ to: "/runs/$id", params: { id } }))),
    ...tasks.map((task) => taskEntry(task, (id) => void navigate({ to: "/tasks/$id", params: { id } }))),
    ...triggers.map(({ trigger: { name }, agent, id }) =>
      item("trigger", Timer, [name, agent, id], () => void navigate({ to: "/triggers" })),
    ),
    ...webhooks.map(({ description, url, id }) =>
      item(
        "webhook",
        Webhook,
        [description || url, description === "" ? "" : url, id],
        () => void navigate({ to: "/webhooks/$id", params: { id } }),
      ),
    ),
    ...letters.map(({ id, sender, recipient, reason, code }) =>
      item("letter", MailX, [`${sender} → ${recipient}`, reason, `${code} ${id}`], () => {
        void navigate({ to: "/messages", search: { tab: "dead", recipient } });
      }),
    ),
  ];
}

const runEntry = (run: RunSummary, open: (id: string) => void): Entry =>
  item("run", History, [run.agent, requestTitle(run.input_preview, run.message), run.id], () => open(run.id));

const threadEntry = ({ id, title, agent }: Thread, open: (id: string) => void): Entry =>
  item("thread", MessageSquareText, [title === "" ? text.chat.untitled : title, agent, id], () => open(id));

const taskEntry = ({ id, name, status }: Task, open: (id: string) => void): Entry =>
  item("task", Gavel, [name, text.tasks.statuses[status], id], () => open(id));

/** The run, thread, task, conversation or message of a pasted id, of any age. */
export function useById(words: string): readonly Entry[] {
  const navigate = useNavigate();
  const id = words.toLowerCase();
  const enabled = ID.test(words);
  const { data: run } = useQuery({ ...runQuery(id), enabled });
  const { data: thread } = useQuery({ ...threadQuery(id), enabled });
  const { data: task } = useQuery({ ...taskQuery(id), enabled });
  const { data: talk } = useQuery({ ...conversationQuery(id), enabled, refetchInterval: false });
  const { data: message } = useQuery({ ...messageQuery(id), enabled, refetchInterval: false });
  if (!enabled) return [];
  return [
    ...(run === undefined ? [] : [runEntry(run, () => void navigate({ to: "/runs/$id", params: { id } }))]),
    ...(thread === undefined ? [] : [threadEntry(thread, () => void navigate({ to: "/chat/$id", params: { id } }))]),
    ...(task === undefined ? [] : [taskEntry(task, () => void navigate({ to: "/tasks/$id", params: { id } }))]),
    ...(talk === undefined
      ? []
      : [
          item("conversation", MessagesSquare, [talk.participants.map(({ name }) => name).join(", "), "", id], () => {
            void navigate({ to: "/conversations/$id", params: { id } });
          }),
        ]),
    ...(message === undefined
      ? []
      : [
          item(
            "message",
            Mail,
            [message.performative, `${message.sender} → ${message.recipients.join(", ")}`, id],
            () => {
              void navigate({ to: "/messages", search: { message: id } });
            },
          ),
        ]),
  ];
}

/** Entities that a search of memory by words finds. */
export function useEntities(words: string): readonly Entry[] {
  const navigate = useNavigate();
  const typed = useSettled(words, SETTLED_MS);
  const enabled = typed !== "" && !ID.test(typed);
  const { data: figures } = useQuery({ ...memoryFiguresQuery, enabled, refetchInterval: false });
  const { scopes } = scopesToLookInto(figures ?? { scopes: [] });
  const { data: found = [] } = useQuery({
    ...foundEntitiesQuery(scopes, typed),
    enabled: enabled && figures !== undefined,
  });
  if (words === "") return [];
  return found.map(({ id, name, type }) =>
    item("entity", Box, [name, type, id], () => void navigate({ to: "/memory/$id", params: { id } })),
  );
}
