import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createWorkspace, updateWorkspace, type Workspace, workspacesQuery } from "../../api/access.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Field, Input } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";

const words = text.workspaces;

export const QUOTA_NAMES = [
  "agents",
  "tool_servers",
  "runs_per_minute",
  "concurrent_runs",
  "messages_per_minute",
  "file_bytes",
  "memory_entities",
  "secrets",
] as const satisfies readonly (keyof Workspace["quotas"])[];

type Draft = { readonly [quota: string]: string };

const draftOf = (quotas: Workspace["quotas"] = {}): Draft =>
  Object.fromEntries(QUOTA_NAMES.map((quota) => [quota, String(quotas[quota] ?? "")]));

const quotasOf = (draft: Draft): Workspace["quotas"] =>
  Object.fromEntries(Object.entries(draft).flatMap(([quota, max]) => (max === "" ? [] : [[quota, Number(max)]])));

/** Creates a workspace, or changes the description and quotas of the one that is chosen. */
export function ChangeWorkspace({
  chosen,
  onClose,
}: {
  readonly chosen: Workspace | undefined;
  readonly onClose: () => void;
}) {
  const client = useQueryClient();
  const [name, setName] = useState(chosen?.name ?? "");
  const [description, setDescription] = useState(chosen?.description ?? "");
  const [quotas, setQuotas] = useState(() => draftOf(chosen?.quotas));
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), description: description.trim(), quotas: quotasOf(quotas) };
      return chosen === undefined ? createWorkspace(body) : updateWorkspace(body);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: workspacesQuery.queryKey });
      onClose();
    },
  });
  const isReady = name.trim() !== "" && !save.isPending;
  return (
    <Dialog title={chosen === undefined ? words.create : words.editTitle(chosen.name)} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (isReady) save.mutate();
        }}
        error={save.error}
        buttons={
          <>
            <Button onClick={onClose}>{text.actions.cancel}</Button>
            <Button type="submit" look="primary" disabled={!isReady}>
              {chosen === undefined ? words.create : words.save}
            </Button>
          </>
        }
      >
        {chosen === undefined ? (
          <TextField label={words.name} note={words.nameNote} value={name} maxLength={63} onValue={setName} isFirst />
        ) : null}
        <TextField
          label={words.description}
          value={description}
          maxLength={500}
          onValue={setDescription}
          isFirst={chosen !== undefined}
        />
        <QuotaFields quotas={quotas} onChange={setQuotas} />
      </DialogForm>
    </Dialog>
  );
}

type TextProps = {
  readonly label: string;
  readonly note?: string;
  readonly value: string;
  readonly maxLength: number;
  readonly onValue: (value: string) => void;
  readonly isFirst: boolean;
};

const TextField = ({ label, note, value, maxLength, onValue, isFirst }: TextProps) => (
  <Field label={label} note={note}>
    {({ id, describedBy }) => (
      <Input
        id={id}
        aria-describedby={describedBy}
        data-autofocus={isFirst || undefined}
        autoComplete="off"
        maxLength={maxLength}
        value={value}
        onChange={(event) => onValue(event.target.value)}
      />
    )}
  </Field>
);

type QuotaProps = { readonly quotas: Draft; readonly onChange: (quotas: Draft) => void };

const QuotaFields = ({ quotas, onChange }: QuotaProps) => (
  <fieldset className="space-y-3">
    <legend className="text-xs text-muted">
      {words.columns.quotas}. {words.quotaNote}
    </legend>
    <div className="grid grid-cols-2 gap-3">
      {QUOTA_NAMES.map((quota) => (
        <Field key={quota} label={words.quotas[quota]}>
          {({ id }) => (
            <Input
              id={id}
              type="number"
              min={0}
              step={1}
              value={quotas[quota]}
              onChange={(event) => onChange({ ...quotas, [quota]: event.target.value })}
            />
          )}
        </Field>
      ))}
    </div>
  </fieldset>
);
