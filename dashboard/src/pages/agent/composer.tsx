import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Code2, SendHorizontal, SquareTerminal } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { operations, type AgentDetail, type RunDetail } from "../../../../src/api/contract/index.ts";
import { runQuery, statusQuery, toolServersQuery } from "../../api/queries.ts";
import { currentWorkspace } from "../../api/workspace.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { copyText } from "../../parts/content/copy.tsx";
import { useFileDrop } from "../../parts/forms/file-drop.ts";
import { Menu } from "../../parts/menu.tsx";
import { runCommand, runCurl } from "../../parts/content/shell-command.ts";
import { text } from "../../text/text.ts";
import { AttachButton, Files } from "./attachments.tsx";
import { examplesOf, type Example } from "./examples.ts";

export type Asked = { readonly input: string; readonly files: readonly File[]; readonly model: string };
const NOTHING: Asked = { input: "", files: [], model: "" };

type Props = {
  readonly agent: AgentDetail;
  readonly busy: boolean;
  /** A run whose request is laid out to be sent again. */
  readonly again: string | undefined;
  readonly onAsk: (asked: Asked) => void;
};

export function Composer({ agent, busy, again, onAsk }: Props) {
  const [asked, setAsked] = useState(NOTHING);
  const set = (change: Partial<Asked>) => setAsked((before) => ({ ...before, ...change }));
  useRequestOf(again, (input) => setAsked((before) => (before.input === "" ? { ...before, input } : before)));
  const addFiles = (files: readonly File[]) =>
    setAsked((before) => ({ ...before, files: [...before.files, ...files] }));
  const drop = useFileDrop(addFiles);
  const ready = asked.input.trim() !== "" && !busy;
  const send = () => ready && onAsk(asked);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      aria-label={text.tryIt.title(agent.name)}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      {...drop.handlers}
      className={cx(
        "rounded-xl border bg-surface shadow-card focus-within:border-accent",
        drop.over ? "border-accent bg-accent-soft" : "border-line-strong",
      )}
    >
      <textarea
        aria-label={text.tryIt.request}
        rows={3}
        value={asked.input}
        placeholder={text.tryIt.placeholder}
        onChange={(event) => set({ input: event.target.value })}
        onKeyDown={onKeyDown}
        className="field-sizing-content max-h-80 min-h-20 w-full resize-none bg-transparent px-4 pt-3 pb-1 outline-none"
      />
      <Files files={asked.files} onRemove={(file) => set({ files: asked.files.filter((other) => other !== file) })} />
      {asked.input === "" ? <Examples agent={agent} onChoose={(example) => set(example)} /> : null}
      <Toolbar agent={agent} asked={asked} ready={ready} busy={busy} onChange={set} onFiles={addFiles} />
    </form>
  );
}

/** Lays out the request of an earlier run, once, when it is known. */
function useRequestOf(id: string | undefined, fill: (input: string) => void): void {
  const client = useQueryClient();
  const filled = useRef(false);
  useEffect(() => {
    if (id === undefined || filled.current) return;
    filled.current = true;
    const known = client.getQueryData<RunDetail>(["run", id]);
    void (known === undefined ? client.fetchQuery(runQuery(id)) : Promise.resolve(known)).then(
      ({ input }) => fill(input),
      () => undefined,
    );
  });
}

type ExamplesProps = { readonly agent: AgentDetail; readonly onChoose: (example: Example) => void };

function Examples({ agent, onChoose }: ExamplesProps) {
  const servers = useQuery(toolServersQuery).data?.items ?? [];
  const parser = servers.find(({ name }) => name === "csv_parser");
  const examples = examplesOf(agent, parser?.grants.includes("read examples/data") ?? false);
  if (examples.length === 0) return null;
  return (
    <ul aria-label={text.tryIt.examples} className="flex flex-wrap gap-1.5 px-4 pt-1">
      {examples.map((example) => (
        <li key={example.input} className="max-w-full">
          <button
            type="button"
            onClick={() => onChoose(example)}
            className="max-w-full truncate rounded-full border border-line px-2.5 py-0.5 text-xs text-muted hover:border-accent hover:text-accent"
          >
            {example.input}
          </button>
        </li>
      ))}
    </ul>
  );
}

type ToolbarProps = {
  readonly agent: AgentDetail;
  readonly asked: Asked;
  readonly ready: boolean;
  readonly busy: boolean;
  readonly onChange: (change: Partial<Asked>) => void;
  readonly onFiles: (files: readonly File[]) => void;
};

function Toolbar({ agent, asked, ready, busy, onChange, onFiles }: ToolbarProps) {
  return (
    <div className="flex flex-wrap items-center gap-1 p-2">
      <AttachButton onFiles={onFiles} />
      <ModelChoice agent={agent} model={asked.model} onChange={(model) => onChange({ model })} />
      <div className="flex-1" />
      <CopyMenu agent={agent} asked={asked} />
      <Button
        needs={operations.run.start}
        type="submit"
        look="primary"
        disabled={!ready}
        aria-keyshortcuts="Control+Enter"
      >
        <SendHorizontal aria-hidden />
        {busy ? text.tryIt.sending : text.tryIt.send}
      </Button>
    </div>
  );
}

type ModelProps = { readonly agent: AgentDetail; readonly model: string; readonly onChange: (model: string) => void };

function ModelChoice({ agent, model, onChange }: ModelProps) {
  const listId = useId();
  const status = useQuery(statusQuery).data;
  const standard = agent.model ?? status?.default_model ?? "";
  return (
    <>
      <input
        type="text"
        aria-label={text.tryIt.model}
        title={text.tryIt.modelNote}
        list={listId}
        value={model}
        placeholder={standard}
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
        className="h-8 w-44 rounded-md border border-transparent bg-transparent px-2 text-sm text-muted outline-offset-0 placeholder:text-muted hover:border-line-strong"
      />
      <datalist id={listId}>
        {(status?.models ?? []).map(({ provider, note }) => (
          <option key={provider} value={`${provider}/`}>
            {note}
          </option>
        ))}
      </datalist>
    </>
  );
}

function CopyMenu({ agent, asked }: { readonly agent: AgentDetail; readonly asked: Asked }) {
  const request = {
    agent: agent.name,
    input: asked.input === "" ? text.runs.someRequest : asked.input,
    files: asked.files.map(({ name }) => name),
    model: asked.model === "" ? undefined : asked.model,
    workspace: currentWorkspace(),
  };
  return (
    <Menu
      trigger={
        <IconButton label={text.tryIt.copyAs}>
          <Code2 aria-hidden />
        </IconButton>
      }
      items={[
        {
          label: text.tryIt.copyCli,
          icon: <SquareTerminal aria-hidden />,
          act: () => void copyText(runCommand(request)),
        },
        {
          label: text.tryIt.copyCurl,
          icon: <Code2 aria-hidden />,
          act: () => void copyText(runCurl(location.origin, request)),
        },
      ]}
    />
  );
}
