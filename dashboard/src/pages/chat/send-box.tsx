import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleStop, SendHorizontal } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { operations, type Thread, type Turn, type WhenBusy } from "../../../../src/api/contract/index.ts";
import { cancelRun } from "../../api/actions.ts";
import { agentQuery } from "../../api/queries.ts";
import { sendMessage } from "../../api/threads/threads.ts";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Select } from "../../parts/forms/field.tsx";
import { useFileDrop } from "../../parts/forms/file-drop.ts";
import { useDenial } from "../../parts/permission.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { AttachButton, Files } from "../agent/attachments.tsx";
import { type Draft, useDraft } from "./draft.ts";
import { Queue } from "./queue.tsx";

const words = text.chat;
const CHOICES = ["queue", "steer", "interrupt"] as const satisfies readonly WhenBusy[];

type Props = {
  readonly thread: Thread;
  /** The turn in progress. */
  readonly current: Turn | undefined;
  /** Turns that wait for its end, oldest first. */
  readonly waiting: readonly Turn[];
  readonly onSent: () => void;
};

/** Sends a message; during a turn it says how the message is handled, and stops the turn. */
export function SendBox({ thread, current, waiting, onSent }: Props) {
  const denial = useDenial()(operations.thread.send);
  const [draft, set] = useDraft(thread.id);
  const drop = useFileDrop((files) => set({ files: [...draft.files, ...files] }));
  const [chosen, setChosen] = useState<WhenBusy | undefined>();
  const standard = useQuery(agentQuery(thread.agent)).data?.when_busy ?? "queue";
  const whenBusy = chosen ?? standard;
  const send = useSend(thread.id, (key) => {
    // What was written while the message was on its way is the next draft.
    if (key === draft.key) set({ input: "", files: [] });
    onSent();
  });
  if (denial !== undefined) return <p className="py-3 text-sm text-muted">{words.denied(denial)}</p>;
  const isRefused = current !== undefined && whenBusy === "reject";
  const ready = draft.input.trim() !== "" && draft.problem === undefined && !send.isPending && !isRefused;
  const submit = () => {
    if (ready) send.mutate({ ...draft, whenBusy: current === undefined ? undefined : whenBusy });
  };
  return (
    <div className="space-y-2 pb-3">
      <Queue thread={thread.id} waiting={waiting} />
      {send.error === null ? null : <ProblemView error={send.error} />}
      <form
        aria-label={words.message}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        onPaste={({ clipboardData }) => {
          if (clipboardData.files.length > 0) set({ files: [...draft.files, ...clipboardData.files] });
        }}
        {...drop.handlers}
        className={cx(
          "rounded-xl border bg-surface shadow-card focus-within:border-accent",
          drop.over ? "border-accent bg-accent-soft" : "border-line-strong",
        )}
      >
        <TextBox agent={thread.agent} draft={draft} onChange={(input) => set({ input })} onSend={submit} />
        <Files files={draft.files} onRemove={(file) => set({ files: draft.files.filter((other) => other !== file) })} />
        {draft.problem === undefined ? null : (
          <p role="alert" className="px-4 pt-1 text-sm text-bad [overflow-wrap:anywhere]">
            {draft.problem}
          </p>
        )}
        <div className="flex flex-wrap items-center gap-2 p-2">
          <AttachButton onFiles={(files) => set({ files: [...draft.files, ...files] })} />
          <div className="flex-1" />
          {current === undefined ? null : (
            <>
              {isRefused ? (
                <span className="text-xs text-muted">{words.refused}</span>
              ) : (
                <BusyChoice value={whenBusy} onChange={setChosen} />
              )}
              <Stop run={current.run} />
            </>
          )}
          <Button type="submit" look="primary" disabled={!ready} title={words.sendKeys}>
            <SendHorizontal aria-hidden />
            {send.isPending ? words.sending : words.send}
          </Button>
        </div>
      </form>
    </div>
  );
}

function useSend(id: string, onSent: (key: string) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (message: Pick<Draft, "input" | "files" | "key"> & { readonly whenBusy: WhenBusy | undefined }) =>
      sendMessage(id, message),
    onSuccess: ({ run }, { key }) => {
      onSent(key);
      client.setQueryData(["run", run.id], run);
      // Not awaited: the next message can be sent while the thread is read again.
      void client.invalidateQueries({ queryKey: ["thread", id] });
    },
  });
}

type TextBoxProps = {
  readonly agent: string;
  readonly draft: Draft;
  readonly onChange: (input: string) => void;
  readonly onSend: () => void;
};

function TextBox({ agent, draft, onChange, onSend }: TextBoxProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the input of a composed character does not send.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onSend();
  };
  return (
    <textarea
      data-message
      dir="auto"
      aria-label={words.message}
      aria-keyshortcuts="Enter"
      rows={1}
      value={draft.input}
      placeholder={words.placeholder(agent)}
      onChange={({ target }) => onChange(target.value)}
      onKeyDown={onKeyDown}
      className="block field-sizing-content max-h-60 min-h-11 w-full resize-none bg-transparent px-4 pt-3 pb-1 outline-none"
    />
  );
}

type BusyProps = { readonly value: WhenBusy; readonly onChange: (value: WhenBusy) => void };

const BusyChoice = ({ value, onChange }: BusyProps) => (
  <Select
    aria-label={words.whenBusy}
    value={value}
    onChange={({ target }) => onChange(CHOICES.find((choice) => choice === target.value) ?? "queue")}
    className="w-auto! text-muted"
  >
    {CHOICES.map((choice) => (
      <option key={choice} value={choice}>
        {words.busy[choice]}
      </option>
    ))}
  </Select>
);

function Stop({ run }: { readonly run: string }) {
  const stop = useMutation({ mutationFn: () => cancelRun(run) });
  return (
    <Button needs={operations.run.cancel} look="danger" disabled={stop.isPending} onClick={() => stop.mutate()}>
      <CircleStop aria-hidden />
      {words.stop}
    </Button>
  );
}
