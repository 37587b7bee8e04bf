import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Bot, History, MonitorCog, Play, Rocket, Search, Send, Wrench, type LucideIcon } from "lucide-react";
import { useId, useState, type KeyboardEvent } from "react";
import { agentsQuery, runQuery, runsQuery } from "../api/queries.ts";
import { toolServerListQuery } from "../api/tool-servers.ts";
import { cx } from "../parts/class-names.ts";
import { Dialog } from "../parts/dialog.tsx";
import { text } from "../text.ts";
import { PAGES } from "./sidebar.tsx";
import { setTheme, THEMES } from "./theme.ts";

type Entry = {
  readonly key: string;
  readonly group: string;
  readonly label: string;
  readonly note: string;
  readonly icon: LucideIcon;
  readonly act: () => void;
};

/** Maximum number of entries of each group but the pages; typing finds the others. */
const GROUP_MAX = 8;

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const entries = [...useRunById(words.trim()), ...matching(useEntries(), words)];
  const listId = useId();
  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.act();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) setAt((entries.length + at + by) % Math.max(1, entries.length));
    else if (event.key === "Enter") choose(entries[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={text.palette.title} onClose={onClose} bare>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search aria-hidden className="size-4 text-faint" />
        <input
          data-autofocus
          role="combobox"
          aria-label={text.palette.title}
          aria-expanded
          aria-controls={listId}
          aria-activedescendant={entries[at] === undefined ? undefined : `${listId}-${at}`}
          value={words}
          placeholder={text.palette.placeholder}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setWords(event.target.value);
            setAt(0);
          }}
          className="h-12 flex-1 bg-transparent text-base outline-none"
        />
      </div>
      <Results entries={entries} at={at} listId={listId} onChoose={choose} />
      {entries.length > 0 ? null : <p className="px-4 pt-2 pb-6 text-muted">{text.palette.nothing(words)}</p>}
    </Dialog>
  );
}

type ResultsProps = {
  readonly entries: readonly Entry[];
  readonly at: number;
  readonly listId: string;
  readonly onChoose: (entry: Entry) => void;
};

function Results({ entries, at, listId, onChoose }: ResultsProps) {
  return (
    <ul id={listId} role="listbox" aria-label={text.palette.results} className="overflow-y-auto p-1.5">
      {entries.map((entry, index) => (
        <li
          key={entry.key}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === at}
          ref={index === at ? (row) => row?.scrollIntoView({ block: "nearest" }) : undefined}
          onClick={() => onChoose(entry)}
          className={cx(
            "flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5",
            index === at ? "bg-accent-soft text-accent" : "hover:bg-hover",
          )}
        >
          <entry.icon aria-hidden className="size-4 shrink-0 opacity-70" />
          <span className="truncate">{entry.label}</span>
          <span className={cx("min-w-0 flex-1 truncate text-xs", index === at ? "text-accent" : "text-muted")}>
            {entry.note}
          </span>
          <span className={cx("text-2xs", index === at ? "text-accent" : "text-faint")}>{entry.group}</span>
        </li>
      ))}
    </ul>
  );
}

const RUN_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The run of a pasted id that is not among those loaded. */
function useRunById(id: string): readonly Entry[] {
  const navigate = useNavigate();
  const isLoaded = useInfiniteQuery(runsQuery()).data?.pages.some((page) => page.items.some((run) => run.id === id));
  const { data: run } = useQuery({ ...runQuery(id.toLowerCase()), enabled: RUN_ID.test(id) });
  if (run === undefined || isLoaded === true) return [];
  const open = () => void navigate({ to: "/runs/$id", params: { id: run.id } });
  return [item("run", History, [run.agent, run.input_preview, run.id], open)];
}

function useEntries(): readonly Entry[] {
  const navigate = useNavigate();
  const agents = useInfiniteQuery(agentsQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const runs = useInfiniteQuery(runsQuery()).data?.pages.flatMap((page) => page.items) ?? [];
  const servers = useQuery({ ...toolServerListQuery, refetchInterval: false }).data ?? [];
  return [
    ...PAGES.map(({ to, name, icon, keys }) => item("page", icon, [name, keys], () => void navigate({ to }))),
    ...agents.map(({ name, description }) =>
      item("agent", Bot, [name, description], () => void navigate({ to: "/agents/$name", params: { name } })),
    ),
    ...runs.map(({ id, agent, input_preview: input }) =>
      item("run", History, [agent, input, id], () => void navigate({ to: "/runs/$id", params: { id } })),
    ),
    ...servers.map(({ name, description }) =>
      item(
        "tool",
        Wrench,
        [name, description],
        () => void navigate({ to: "/tools/$server", params: { server: name } }),
      ),
    ),
    ...agents.map(({ name }) =>
      item("action", Play, [text.palette.ask(name), ""], () => {
        void navigate({ to: "/agents/$name", params: { name }, search: { tab: "try" } });
      }),
    ),
    item("action", Rocket, [text.deploy.title, text.deploy.command], () => {
      void navigate({ to: "/agents", search: { deploy: true } });
    }),
    item("action", Rocket, [text.tools.deploy.title, text.tools.deploy.command], () => {
      void navigate({ to: "/tools", search: { deploy: true } });
    }),
    item("action", Send, [text.messages.compose, "caxton message send"], () => {
      void navigate({ to: "/messages", search: { compose: true } });
    }),
    item("action", Wrench, [text.palette.callTool, ""], () => void navigate({ to: "/tools" })),
    ...THEMES.map((theme) =>
      item("action", MonitorCog, [text.palette.theme(text.header.themes[theme]), ""], () => setTheme(theme)),
    ),
  ];
}

type Group = keyof typeof text.palette.groups;

/** Its words are the label, the note beside it, and what else it can be found by. */
function item(group: Group, icon: LucideIcon, words: readonly [string, string, string?], act: () => void): Entry {
  const [label, note, id = ""] = words;
  return { key: `${group} ${label} ${id}`, group: text.palette.groups[group], label, note, icon, act };
}

/** Every word typed has to occur somewhere in an entry; a few of each group, in their order. */
function matching(entries: readonly Entry[], words: string): readonly Entry[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const taken = new Map<string, number>();
  return entries.filter((entry) => {
    const hay = `${entry.label} ${entry.note} ${entry.group} ${entry.key}`.toLowerCase();
    const before = taken.get(entry.group) ?? 0;
    if (
      (before >= GROUP_MAX && entry.group !== text.palette.groups.page) ||
      !wanted.every((word) => hay.includes(word))
    )
      return false;
    taken.set(entry.group, before + 1);
    return true;
  });
}
