import { Ban, CircleAlert, CornerDownRight } from "lucide-react";
import { use } from "react";
import type { Logs } from "../../api/live/live-text.ts";
import type { Progress } from "../../api/live/run-live.ts";
import { Markdown } from "../../parts/content/markdown.tsx";
import { IdentityContext } from "../../parts/permission.ts";
import { StateIcon } from "../../parts/state-pill.tsx";
import { text } from "../../text/text.ts";
import { MadeFiles } from "../run/created-files.tsx";
import { SentFiles } from "../run/sent-files.tsx";
import { ToolLine } from "../run/tool-line.tsx";
import type { Said } from "./said.ts";

const words = text.chat;
/** Name of the user on a server without access control. */
const LOCAL = "local";

type Props = {
  readonly said: readonly Said[];
  readonly agent: string;
  readonly run: string;
  readonly progress?: Progress | undefined;
  readonly logs?: Logs | undefined;
};

/** The entries of a turn after its first message. */
export function Entries({ said, agent, run, progress = {}, logs = {} }: Props) {
  return said.map((entry, at) => {
    switch (entry.kind) {
      case "user":
        return <UserEntry key={at} entry={entry} run={run} />;
      case "assistant":
        return <AssistantEntry key={at} entry={entry} agent={agent} />;
      case "tool":
        return (
          <div key={at} className="space-y-3">
            <ToolLine use={entry.use} call={entry.callId} progress={progress[entry.callId]} log={logs[entry.callId]} />
            <MadeFiles files={entry.artifacts} />
          </div>
        );
      case "thinking":
        return (
          <div key={at} className="space-y-2 text-sm text-muted">
            <p className="flex items-center gap-2">
              <StateIcon state="running" />
              {words.thinking(agent)}
            </p>
            {entry.reasoning === "" ? null : <NewestReasoning text={entry.reasoning} />}
          </div>
        );
      case "notice":
        return <NoticeEntry key={at} entry={entry} />;
    }
  });
}

/** Reasoning as it is written: its end stays in view. */
function NewestReasoning({ text: reasoning }: { readonly text: string }) {
  return (
    <div className="flex max-h-40 flex-col-reverse overflow-y-auto rounded-lg border border-line bg-sunken/60 px-3 py-2">
      <p role="note" aria-label={words.reasoning} className="whitespace-pre-wrap [overflow-wrap:anywhere]">
        {reasoning}
      </p>
    </div>
  );
}

/** The author of a message, as the reader sees it. */
export function useAuthor(author: string): string {
  const name = use(IdentityContext)?.name ?? LOCAL;
  return author === name || author === "" ? words.you : author;
}

type UserProps = { readonly entry: Extract<Said, { kind: "user" }>; readonly run: string };

export function UserEntry({ entry, run }: UserProps) {
  const author = useAuthor(entry.author);
  return (
    <div role="group" aria-label={words.says(author)} className="flex flex-col items-end">
      <p className="mb-1 text-xs text-muted">
        {author}
        {entry.joined ? ` ${words.joined}` : null}
      </p>
      <div className="max-w-[85%] rounded-xl rounded-tr-sm bg-accent-soft px-4 py-2.5">
        <p dir="auto" className="whitespace-pre-wrap [overflow-wrap:anywhere]">
          {entry.text}
        </p>
        <SentFiles run={run} files={entry.files} />
      </div>
    </div>
  );
}

type AssistantProps = { readonly entry: Extract<Said, { kind: "assistant" }>; readonly agent: string };

function AssistantEntry({ entry: { text: said, reasoning, artifacts }, agent }: AssistantProps) {
  return (
    <div role="group" aria-label={words.agentSays(agent)} className="space-y-3">
      {reasoning === "" ? null : (
        <details className="rounded-lg border border-line bg-sunken/60">
          <summary className="px-3 py-1.5 text-xs text-muted hover:text-ink">{words.reasoning}</summary>
          <p
            tabIndex={0}
            className="max-h-96 overflow-y-auto px-3 pb-3 text-sm whitespace-pre-wrap text-muted [overflow-wrap:anywhere]"
          >
            {reasoning}
          </p>
        </details>
      )}
      {said === "" ? null : <Markdown>{said}</Markdown>}
      <MadeFiles files={artifacts} />
    </div>
  );
}

function NoticeEntry({ entry: { code, text: message, hint } }: { readonly entry: Extract<Said, { kind: "notice" }> }) {
  if (code === "CANCELLED") {
    return (
      <p className="flex items-center gap-2 text-sm text-muted">
        <Ban aria-hidden className="size-4 shrink-0" />
        {words.cancelled}
      </p>
    );
  }
  if (code === "HANDED_OFF") {
    return (
      <p className="flex items-center gap-2 text-sm text-muted [overflow-wrap:anywhere]">
        <CornerDownRight aria-hidden className="size-4 shrink-0" />
        {message}
      </p>
    );
  }
  return (
    <div className="flex gap-2.5 rounded-lg border border-bad/40 bg-bad-soft px-4 py-3">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="min-w-0 space-y-1">
        <p className="font-medium [overflow-wrap:anywhere]">{message}</p>
        {hint === "" ? null : <p className="text-sm text-muted [overflow-wrap:anywhere]">{hint}</p>}
        <code className="font-mono text-xs text-muted">{code}</code>
      </div>
    </div>
  );
}
