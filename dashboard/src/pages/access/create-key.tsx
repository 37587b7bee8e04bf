import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createKey, rolesQuery } from "../../api/access.ts";
import { Field, Input, Select } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";
import { KeyDialog, useKeyChange } from "./change-key.tsx";

const words = text.access.keys;

/** Creates an API key and shows it once. */
export function CreateKey({ onClose }: { readonly onClose: () => void }) {
  const roles = useQuery(rolesQuery).data?.items ?? [];
  const [name, setName] = useState("");
  const [role, setRole] = useState("user");
  const [expiry, setExpiry] = useState("");
  const create = useKeyChange(() =>
    createKey({ name: name.trim(), role, ...(expiry !== "" && { expires_in: Number(expiry) }) }),
  );
  return (
    <KeyDialog
      title={words.create}
      action={words.create}
      change={create}
      isReady={name.trim() !== ""}
      onClose={onClose}
    >
      <Field label={words.name} note={words.nameNote}>
        {({ id, describedBy }) => (
          <Input
            id={id}
            data-autofocus
            aria-describedby={describedBy}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.role} note={roles.find((each) => each.name === role)?.description}>
        {({ id, describedBy }) => (
          <Select id={id} aria-describedby={describedBy} value={role} onChange={(event) => setRole(event.target.value)}>
            {roles.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={words.expires}>
        {({ id }) => (
          <Select id={id} value={expiry} onChange={(event) => setExpiry(event.target.value)}>
            {words.expiry.map(([seconds, label]) => (
              <option key={seconds} value={seconds}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </KeyDialog>
  );
}
