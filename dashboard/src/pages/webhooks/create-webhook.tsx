import { useState } from "react";
import { createWebhook } from "../../api/webhooks.ts";
import { Field, Input } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";
import { KeyDialog } from "../../parts/keys/key-dialog.tsx";
import { useSecret } from "./use-secret.ts";

const words = text.webhooks;
const FIELDS = ["url", "events", "agents", "where"] as const;
type FieldName = (typeof FIELDS)[number];

const namesIn = (value: string): string[] => value.split(/[\s,]+/).filter((each) => each !== "");

/** Creates a webhook and shows its secret once. */
export function CreateWebhook({ onClose }: { readonly onClose: () => void }) {
  const [fields, setFields] = useState<Readonly<Record<FieldName, string>>>({
    url: "",
    events: "run.*",
    agents: "",
    where: "",
  });
  const [content, setContent] = useState(false);
  const create = useSecret(() =>
    createWebhook({
      url: fields.url.trim(),
      events: namesIn(fields.events),
      agents: namesIn(fields.agents),
      where: fields.where.trim(),
      content,
    }),
  );
  const isReady = fields.url.trim() !== "" && namesIn(fields.events).length > 0;
  return (
    <KeyDialog
      title={words.create}
      action={words.create}
      change={create}
      isReady={isReady}
      shown={words.secret}
      onClose={onClose}
    >
      {FIELDS.map((name) => (
        <Field key={name} label={words.form[name]} note={words.form[`${name}Note`]}>
          {({ id, describedBy }) => (
            <Input
              id={id}
              data-autofocus={name === "url" ? true : undefined}
              aria-describedby={describedBy}
              autoComplete="off"
              spellCheck={false}
              className="font-mono"
              value={fields[name]}
              onChange={({ target }) => setFields({ ...fields, [name]: target.value })}
            />
          )}
        </Field>
      ))}
      <label className="flex items-center gap-2 text-sm">
        <input type="checkbox" checked={content} onChange={({ target }) => setContent(target.checked)} />
        {words.form.content}
      </label>
    </KeyDialog>
  );
}
