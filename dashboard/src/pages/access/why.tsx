import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { keysQuery, type Role, rolesQuery, type User, usersQuery } from "../../api/access.ts";
import { Card } from "../../parts/card.tsx";
import { cx } from "../../parts/class-names.ts";
import { Field, Select } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";

const words = text.access.why;

type Grant = User["grants"][number];
type Chosen = {
  readonly id: string;
  readonly label: string;
  readonly state: string;
  readonly grants: readonly Grant[];
};

/** Explains by which pattern of which role a key or user has a permission. */
export function Why() {
  const keys = useQuery(keysQuery).data ?? [];
  const users = useQuery(usersQuery).data ?? [];
  const { items: roles = [], permissions = [] } = useQuery(rolesQuery).data ?? {};
  const [id, setId] = useState("");
  const [permission, setPermission] = useState("runs:execute");
  const choices: readonly Chosen[] = [
    ...users.map((user) => ({ id: user.id, label: words.user(user.name), state: user.state, grants: user.grants })),
    ...keys.map(({ role, workspace, only, state, ...key }) => ({
      id: `key_${key.id}`,
      label: words.key(key.name),
      state,
      grants: [{ role, workspace, only }],
    })),
  ];
  const chosen = choices.find((choice) => choice.id === id);
  return (
    <Card title={words.title}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={words.who}>
          {({ id: field }) => (
            <Select id={field} value={id} onChange={(event) => setId(event.target.value)}>
              <option value="">{words.none}</option>
              {choices.map((choice) => (
                <option key={choice.id} value={choice.id}>
                  {choice.label} ({choice.id})
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={words.permission} note={permissions.find(({ name }) => name === permission)?.description}>
          {({ id: field, describedBy }) => (
            <Select
              id={field}
              aria-describedby={describedBy}
              value={permission}
              onChange={(event) => setPermission(event.target.value)}
            >
              {permissions.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      {chosen === undefined ? null : <Verdict chosen={chosen} permission={permission} roles={roles} />}
    </Card>
  );
}

type VerdictProps = { readonly chosen: Chosen; readonly permission: string; readonly roles: readonly Role[] };

function Verdict({ chosen: { state, grants }, permission, roles }: VerdictProps) {
  const reasons = grants.map(({ role, workspace, only }) => {
    const found = roles.find(({ name }) => name === role);
    const pattern = found?.patterns.find((each) => each.permissions.some((name) => name === permission))?.pattern;
    const isGranted = found === undefined ? permission === "access:self" : pattern !== undefined;
    const reason = found === undefined ? words.unknown : pattern === undefined ? words.missing : words.granted(pattern);
    const limit = only === null || !isGranted ? "" : words.limited(Object.values(only).flat().join(", "));
    return { text: `${words.role(role, workspace)}: ${reason}${limit}`, isGranted };
  });
  const isGranted = state === "active" && reasons.some((reason) => reason.isGranted);
  return (
    <div role="status" className="mt-4 text-sm">
      <p className={cx("font-medium", isGranted ? "text-good" : "text-bad")}>
        {isGranted ? words.allowed : words.denied}
      </p>
      {state === "active" ? null : <p>{words.inactive(state)}</p>}
      <ul className="list-disc pl-5">
        {reasons.map((reason) => (
          <li key={reason.text}>{reason.text}</li>
        ))}
      </ul>
    </div>
  );
}
