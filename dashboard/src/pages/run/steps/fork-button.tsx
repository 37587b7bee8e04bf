import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { GitFork } from "lucide-react";
import { useState } from "react";
import { operations, type RunDetail } from "../../../../../src/api/contract/index.ts";
import { forkRun } from "../../../api/actions.ts";
import { Button } from "../../../parts/button.tsx";
import { Dialog } from "../../../parts/dialogs/dialog.tsx";
import { Field, Input, TextArea } from "../../../parts/forms/field.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { text } from "../../../text/text.ts";

type Props = { readonly run: RunDetail; readonly step: number };
const words = text.run.fork;

/** Starts a new run that inherits the steps before a given one. */
export function ForkButton({ run, step }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button needs={operations.run.fork} size="small" onClick={() => setOpen(true)}>
        <GitFork aria-hidden />
        {words.open}
      </Button>
      {isOpen ? <ForkDialog run={run} step={step} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function ForkDialog({ run, step, onClose }: Props & { readonly onClose: () => void }) {
  const [input, setInput] = useState(run.input);
  const [model, setModel] = useState("");
  const [revision, setRevision] = useState("");
  const navigate = useNavigate();
  const fork = useMutation({
    mutationFn: () =>
      forkRun(run.id, {
        at: step,
        ...(input === run.input ? {} : { input }),
        ...(model === "" ? {} : { model }),
        ...(revision === "" ? {} : { revision: Number(revision) }),
      }),
    onSuccess: (made) => navigate({ to: "/runs/$id", params: { id: made.id } }),
  });
  return (
    <Dialog title={words.title(step)} onClose={onClose}>
      <form
        className="space-y-4 overflow-y-auto p-5"
        onSubmit={(event) => {
          event.preventDefault();
          fork.mutate();
        }}
      >
        <p className="text-sm text-muted">{words.note}</p>
        <Field label={words.request} note={words.requestNote}>
          {({ id, describedBy }) => (
            <TextArea
              id={id}
              aria-describedby={describedBy}
              rows={4}
              value={input}
              required
              onChange={(event) => setInput(event.target.value)}
            />
          )}
        </Field>
        <Short label={words.model} note={words.modelNote} value={model} onChange={setModel} />
        <Short
          label={words.revision}
          note={words.revisionNote}
          value={revision}
          onChange={setRevision}
          pattern="[0-9]*"
        />
        {fork.error === null ? null : <ProblemView error={fork.error} />}
        <div className="flex justify-end gap-2">
          <Button type="button" onClick={onClose}>
            {text.actions.close}
          </Button>
          <Button type="submit" look="primary" disabled={fork.isPending}>
            {words.start}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

type ShortProps = {
  readonly label: string;
  readonly note: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly pattern?: string;
};

const Short = ({ label, note, value, onChange, pattern }: ShortProps) => (
  <Field label={label} note={note}>
    {({ id, describedBy }) => (
      <Input
        id={id}
        aria-describedby={describedBy}
        value={value}
        pattern={pattern}
        onChange={(event) => onChange(event.target.value)}
      />
    )}
  </Field>
);
