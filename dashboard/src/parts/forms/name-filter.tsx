import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { mailboxesQuery } from "../../api/messages.ts";
import { Input } from "./field.tsx";
import { useTyped } from "./typed.ts";

type NameProps = {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
  /** The one that "/" leads to. */
  readonly isFirst?: boolean;
  /** What is asked for is no name of a mailbox, so that none is offered. */
  readonly isFree?: boolean;
  /** Values to offer instead of the names of mailboxes. */
  readonly offered?: readonly string[];
};

/** Takes effect with Enter or when it is left; the names that are known are offered. */
export function NameFilter({ label, value, onChange, isFirst = false, isFree = false, offered }: NameProps) {
  const [typed, setTyped] = useTyped(value);
  const listId = useId();
  const mailboxes = useQuery({ ...mailboxesQuery, enabled: !isFree && offered === undefined }).data?.items;
  const names = offered ?? mailboxes?.map(({ name }) => name) ?? [];
  const commit = (given: string) => {
    const wanted = given.trim() === "" ? undefined : given.trim();
    if (wanted !== value) onChange(wanted);
  };
  return (
    <label className="text-xs text-muted">
      {label}
      <Input
        {...(isFirst ? { "data-filter": true } : {})}
        list={isFree ? undefined : listId}
        value={typed}
        onChange={({ target }) => {
          setTyped(target.value);
          // Chosen from the list rather than typed.
          if (!isFree && names.includes(target.value)) commit(target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit(typed);
        }}
        onBlur={() => commit(typed)}
        className="block text-ink sm:w-44"
      />
      {isFree ? null : (
        <datalist id={listId}>
          {names.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </label>
  );
}
