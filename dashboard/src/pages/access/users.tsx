import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2, UserCheck, UserX } from "lucide-react";
import { useState } from "react";
import { operations } from "../../../../src/api/contract/index.ts";
import { disableUser, enableUser, type User, usersQuery } from "../../api/access.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { ConfirmDialog } from "../../parts/dialogs/confirm-dialog.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { CreateLink } from "./create-link.tsx";

const words = text.access.users;

/** Users of identity providers and login links: list, disable, enable. */
export function Users() {
  const { data, error, refetch } = useQuery(usersQuery);
  const [isCreating, setCreating] = useState(false);
  return (
    <section>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-sm font-semibold">{words.title}</h2>
        <Button size="small" needs={operations.user.link} onClick={() => setCreating(true)}>
          <Link2 aria-hidden />
          {words.link}
        </Button>
      </div>
      {data !== undefined ? (
        <UserTable users={data} />
      ) : error === null ? (
        <Skeleton lines={2} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
      {isCreating ? <CreateLink onClose={() => setCreating(false)} /> : null}
    </section>
  );
}

function UserTable({ users }: { readonly users: readonly User[] }) {
  const [disabling, setDisabling] = useState<User>();
  if (users.length === 0) return <Empty title={words.none} note={words.noneNote} command={words.command} />;
  return (
    <>
      <Table label={words.title}>
        <thead>
          <tr>
            <Th>{words.columns.name}</Th>
            <Th>{words.columns.roles}</Th>
            <Th>{words.columns.state}</Th>
            <Th>{words.columns.seen}</Th>
            <Th>{words.columns.actions}</Th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <UserRow key={user.id} user={user} onDisable={setDisabling} />
          ))}
        </tbody>
      </Table>
      {disabling === undefined ? null : <DisableUser user={disabling} onClose={() => setDisabling(undefined)} />}
    </>
  );
}

/** A change of a user, after which the list is read again. */
function useUserChange(change: () => Promise<unknown>, done: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      done();
      await client.invalidateQueries({ queryKey: usersQuery.queryKey });
    },
  });
}

type RowProps = { readonly user: User; readonly onDisable: (user: User) => void };

function UserRow({ user, onDisable }: RowProps) {
  const { id, name, grants, state, last_seen_at: seenAt } = user;
  const enable = useUserChange(
    () => enableUser(id),
    () => notify(words.enabled),
  );
  return (
    <Row>
      <Td className="font-medium">
        {name}
        <span className="block font-mono text-xs font-normal text-muted">{id}</span>
      </Td>
      <Td>{grants.map(({ role, workspace }) => text.access.why.role(role, workspace)).join(", ")}</Td>
      <Td className={cx(state === "active" ? "text-good" : "text-muted")}>{words.states[state]}</Td>
      <Td>
        <Ago at={seenAt} />
      </Td>
      <Td>
        {state === "active" ? (
          <IconButton label={words.disable(name)} needs={operations.user.disable} onClick={() => onDisable(user)}>
            <UserX aria-hidden />
          </IconButton>
        ) : (
          <IconButton
            label={words.enable(name)}
            needs={operations.user.enable}
            disabled={enable.isPending}
            onClick={() => enable.mutate()}
          >
            <UserCheck aria-hidden />
          </IconButton>
        )}
      </Td>
    </Row>
  );
}

function DisableUser({ user: { id, name }, onClose }: { readonly user: User; readonly onClose: () => void }) {
  const disable = useUserChange(
    () => disableUser(id),
    () => {
      notify(words.disabled);
      onClose();
    },
  );
  return (
    <ConfirmDialog title={words.disableTitle} action={words.disableAction} change={disable} onClose={onClose}>
      <p className="text-sm">{words.disableNote(name)}</p>
    </ConfirmDialog>
  );
}
