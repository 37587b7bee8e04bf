import { useQuery } from "@tanstack/react-query";
import { use, useState } from "react";
import { createKey, rolesQuery, workspacesQuery } from "../../api/access.ts";
import { Field, Input, Select } from "../../parts/forms/field.tsx";
import { EVERYWHERE, IdentityContext, isEverywhere } from "../../parts/permission.ts";
import { text } from "../../text/text.ts";
import { KeyDialog } from "../../parts/keys/key-dialog.tsx";
import { useKeyChange } from "./change-key.tsx";

const words = text.access.keys;

/** Creates an API key and shows it once. */
export function CreateKey({ onClose }: { readonly onClose: () => void }) {
  const roles = useQuery(rolesQuery).data?.items ?? [];
  const [name, setName] = useState("");
  const [role, setRole] = useState("user");
  const [workspace, setWorkspace] = useState("");
  const [expiry, setExpiry] = useState("");
  const create = useKeyChange(() =>
    createKey({
      name: name.trim(),
      role,
      ...(workspace !== "" && { workspace }),
      ...(expiry !== "" && { expires_in: Number(expiry) }),
    }),
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
      <ChooseWorkspace value={workspace} onValue={setWorkspace} />
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

type WorkspaceProps = { readonly value: string; readonly onValue: (value: string) => void };

/** The workspace of the key, at first that of the page; nothing for a user of one workspace only. */
function ChooseWorkspace({ value, onValue }: WorkspaceProps) {
  const identity = use(IdentityContext);
  const { data = [] } = useQuery(workspacesQuery);
  if (identity === undefined || (data.length < 2 && !isEverywhere(identity))) return null;
  return (
    <Field label={words.workspace} note={value === EVERYWHERE ? undefined : words.workspaceNote}>
      {({ id, describedBy }) => (
        <Select
          id={id}
          aria-describedby={describedBy}
          value={value === "" ? identity.workspace : value}
          onChange={(event) => onValue(event.target.value)}
        >
          {data.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
          {isEverywhere(identity) ? <option value={EVERYWHERE}>{words.everywhere}</option> : null}
        </Select>
      )}
    </Field>
  );
}
