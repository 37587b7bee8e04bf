import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createLoginLink, rolesQuery } from "../../api/access.ts";
import { Field, Input, Select } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";
import { KeyDialog } from "../../parts/keys/key-dialog.tsx";
import { useKeyChange } from "./change-key.tsx";

const words = text.access.users;
const SHOWN = { note: words.linkOnce, copy: words.copyLink };

/** Creates a one-time login link and shows it once. */
export function CreateLink({ onClose }: { readonly onClose: () => void }) {
  const roles = useQuery(rolesQuery).data?.items ?? [];
  const [name, setName] = useState("");
  const [role, setRole] = useState("user");
  const [expiry, setExpiry] = useState("3600");
  const create = useKeyChange(async () => {
    const link = await createLoginLink({ name: name.trim(), role, expires_in: Number(expiry) });
    return { key: `${link.page ?? `${location.origin}/ui/login`}#${link.token}` };
  });
  const isReady = name.trim() !== "";
  return (
    <KeyDialog title={words.link} action={words.link} change={create} isReady={isReady} shown={SHOWN} onClose={onClose}>
      <Field label={words.linkName} note={words.linkNote}>
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
      <Field label={text.access.keys.role}>
        {({ id }) => (
          <Select id={id} value={role} onChange={(event) => setRole(event.target.value)}>
            {roles.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={words.linkExpires}>
        {({ id }) => (
          <Select id={id} value={expiry} onChange={(event) => setExpiry(event.target.value)}>
            {words.linkExpiry.map(([seconds, label]) => (
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
