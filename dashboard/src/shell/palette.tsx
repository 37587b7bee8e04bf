import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  Brain,
  Ellipsis,
  History,
  ListX,
  MailX,
  MonitorCog,
  Play,
  Rocket,
  Search,
  Send,
  ShieldCheck,
  Wrench,
} from "lucide-react";
import { useId, useState, type KeyboardEvent } from "react";
import { toolServerListQuery } from "../api/tool-servers.ts";
import { cx } from "../parts/class-names.ts";
import { Dialog } from "../parts/dialogs/dialog.tsx";
import { text } from "../text/text.ts";
import { type Entry, type Group, item, matching, shortened } from "./palette-entry.ts";
import { usePages } from "./sidebar.tsx";
import { setTheme, THEMES } from "./theme.ts";
import { isId, useById, useEntities, useListed } from "./use-found.ts";

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<string>();
  const [open, setOpen] = useState<ReadonlySet<Group>>(new Set());
  const entries = shortened(useEntries(words.trim()), open, (rest) => {
    const [{ group, key }] = rest;
    const show = () => {
      setOpen(new Set([...open, group]));
      setChosen(key);
    };
    return { ...item(group, Ellipsis, [text.palette.more(rest.length), ""], show), stays: true };
  });
  // What arrives later may not move the choice to something else.
  const at = Math.max(
    0,
    entries.findIndex(({ key }) => key === chosen),
  );
  const listId = useId();
  const choose = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    if (entry.stays !== true) onClose();
    entry.act();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by !== 0) setChosen(entries[(entries.length + at + by) % Math.max(1, entries.length)]?.key);
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
            setChosen(undefined);
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
          // The field keeps the focus.
          onMouseDown={(event) => event.preventDefault()}
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
          <span className={cx("text-2xs", index === at ? "text-accent" : "text-faint")}>
            {text.palette.groups[entry.group]}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** All that the words find, in groups. A pasted id comes first. */
function useEntries(words: string): readonly Entry[] {
  const navigate = useNavigate();
  const byId = useById(words);
  const listed = useListed(words !== "");
  const entities = useEntities(words);
  const servers = useQuery({ ...toolServerListQuery, refetchInterval: false }).data ?? [];
  const tools = servers.map(({ name, description }) =>
    item("tool", Wrench, [name, description], () => void navigate({ to: "/tools/$server", params: { server: name } })),
  );
  const asks = listed
    .filter(({ group }) => group === "agent")
    .map(({ label: name }) =>
      item("ask", Play, [text.palette.ask(name), ""], () => {
        void navigate({ to: "/agents/$name", params: { name }, search: { tab: "try" } });
      }),
    );
  const pages = usePages().map(({ to, name, icon, keys }) =>
    item("page", icon, [name, keys], () => void navigate({ to })),
  );
  const isKnown = new Set(byId.map(({ key }) => key));
  const fit = matching([...pages, ...useActions(), ...listed, ...tools, ...asks], words);
  const searchMemory = item("action", Brain, [text.palette.memory(words), ""], () => {
    void navigate({ to: "/memory", search: words === "" ? {} : { q: words } });
  });
  const searchRuns = item("action", History, [text.palette.runs(words), ""], () => {
    void navigate({ to: "/runs", search: { q: words } });
  });
  const searches = isId(words) ? [] : [...(words === "" ? [] : [searchRuns]), searchMemory];
  return [...byId, ...fit.filter(({ key }) => !isKnown.has(key)), ...entities, ...searches];
}

function useActions(): readonly Entry[] {
  const navigate = useNavigate();
  return [
    item("action", ShieldCheck, [text.palette.approvals, ""], () => void navigate({ to: "/approvals" })),
    item("action", ListX, [text.palette.failed, ""], () => {
      void navigate({ to: "/runs", search: { state: "failed" } });
    }),
    item("action", MailX, [text.messages.tabs.dead, ""], () => {
      void navigate({ to: "/messages", search: { tab: "dead" } });
    }),
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
