import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleStop, Play } from "lucide-react";
import { useRef, useState } from "react";
import { operations, type ToolDetail, type ToolServerRecord } from "../../../../../src/api/contract/index.ts";
import { callTool, upload, type Values } from "../../../api/actions.ts";
import { Button } from "../../../parts/button.tsx";
import { CopyButton } from "../../../parts/content/copy.tsx";
import { Select } from "../../../parts/forms/field.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { callCommand } from "../../../parts/content/shell-command.ts";
import { text } from "../../../text/text.ts";
import { AttachButton, Files } from "../../agent/attachments.tsx";
import { useArguments, type Arguments } from "./arguments.ts";
import { CallResult } from "./call-result.tsx";
import { Inputs } from "./inputs.tsx";
import { formExamples } from "./schema-form.ts";

export { useArguments } from "./arguments.ts";
export { Inputs } from "./inputs.tsx";

type Props = { readonly server: ToolServerRecord; readonly tool: ToolDetail };
type Observing = "none" | "report" | "permit";
const OBSERVING = ["none", "report", "permit"] as const;

const CallButton = ({ isPending }: { readonly isPending: boolean }) => (
  <Button
    needs={operations.tool.call}
    type="submit"
    look="primary"
    disabled={isPending}
    aria-keyshortcuts="Control+Enter"
  >
    <Play aria-hidden />
    {isPending ? text.call.calling : text.call.call}
  </Button>
);

/** Calls a tool by hand, with inputs made of its schema or with JSON. */
export function CallForm({ server, tool }: Props) {
  const form = useArguments(tool);
  const [files, setFiles] = useState<readonly File[]>([]);
  const [observing, setObserving] = useState<Observing>("none");
  const call = useCall(server.name, tool.name);
  // Of two files of one name the later one counts, so that a path means one file.
  const add = (added: readonly File[]) =>
    setFiles((before) => [...before.filter(({ name }) => !added.some((file) => file.name === name)), ...added]);
  const submit = () => {
    const values = form.read();
    if (values !== undefined) call.begin({ arguments: values, files, observing });
  };
  return (
    <>
      <form
        aria-label={text.call.title}
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
        }}
      >
        <Examples tool={tool} form={form} />
        <Inputs
          form={form}
          onFile={(file) => {
            add([file]);
            return `uploads/${file.name}`;
          }}
        />
        <Files files={files} onRemove={(file) => setFiles(files.filter((other) => other !== file))} />
        <div className="flex flex-wrap items-center gap-1.5">
          <CallButton isPending={call.isPending} />
          {call.isPending ? (
            <Button look="danger" onClick={call.cancel}>
              <CircleStop aria-hidden />
              {text.call.cancel}
            </Button>
          ) : null}
          <AttachButton onFiles={add} />
          {form.fields === undefined ? null : (
            <Button look="quiet" onClick={form.toggle}>
              {form.asJson ? text.call.asForm : text.call.asJson}
            </Button>
          )}
          <CopyButton value={callCommand(server.name, tool.name, form.peek())} label={text.call.copy} />
          {server.sandboxed ? <ObserveChoice value={observing} onChange={setObserving} /> : null}
        </div>
      </form>
      {call.isCancelled ? (
        <p role="status" className="mt-4 text-sm text-muted">
          {text.call.cancelled}
        </p>
      ) : null}
      {call.error === null ? null : <ProblemView error={call.error} className="mt-4" />}
      {call.data === undefined ? null : <CallResult outcome={call.data} server={server} />}
    </>
  );
}

type Given = { readonly arguments: Values; readonly files: readonly File[]; readonly observing: Observing };

/** Runs one call at a time; cancelling it stops it on the server. */
function useCall(server: string, tool: string) {
  const client = useQueryClient();
  const controller = useRef<AbortController | undefined>(undefined);
  const [isCancelled, setCancelled] = useState(false);
  const { mutate, reset, error, data, isPending } = useMutation({
    mutationFn: async ({ arguments: values, files, observing, stop }: Given & { readonly stop: AbortController }) => {
      const sent = await Promise.all(files.map((file) => upload(file, stop.signal)));
      const observe = observing === "none" ? undefined : observing;
      return callTool({ server, tool, arguments: values, uploads: sent.map(({ id }) => id), observe }, stop.signal);
    },
    onSettled: (_done, _error, { stop }) => {
      if (controller.current === stop) controller.current = undefined;
      return client.invalidateQueries({ queryKey: ["tool-server", server] });
    },
  });
  return {
    data,
    error,
    isPending,
    isCancelled,
    begin: (given: Given) => {
      // Keys reach this past the button that is disabled: a tool is not called twice.
      if (controller.current !== undefined) return;
      const stop = new AbortController();
      controller.current = stop;
      setCancelled(false);
      mutate({ ...given, stop });
    },
    cancel: () => {
      controller.current?.abort();
      controller.current = undefined;
      reset();
      setCancelled(true);
    },
  };
}

function Examples({ tool, form }: { readonly tool: ToolDetail; readonly form: Arguments }) {
  const examples = formExamples(tool.input_schema);
  if (examples.length === 0) return null;
  return (
    <div role="group" aria-label={text.call.examples} className="flex flex-wrap items-center gap-1.5">
      {examples.map((example, index) => (
        <button
          key={index}
          type="button"
          title={JSON.stringify(example)}
          onClick={() => form.fill(example)}
          className="max-w-full truncate rounded-full border border-line px-2.5 py-0.5 text-xs text-muted hover:border-accent hover:text-accent"
        >
          {text.call.useExample(index + 1)}
        </button>
      ))}
    </div>
  );
}

type ObserveProps = { readonly value: Observing; readonly onChange: (value: Observing) => void };

const ObserveChoice = ({ value, onChange }: ObserveProps) => (
  <label className="ml-auto flex max-w-full min-w-0 items-center gap-2 text-xs text-muted">
    {text.call.observe}
    <Select
      value={value}
      onChange={(event) => onChange(OBSERVING.find((each) => each === event.target.value) ?? "none")}
      className="w-auto! min-w-0"
    >
      {OBSERVING.map((each) => (
        <option key={each} value={each}>
          {text.call.observes[each]}
        </option>
      ))}
    </Select>
  </label>
);
