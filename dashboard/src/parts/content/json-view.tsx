import { ChevronRight } from "lucide-react";
import { useState, type ReactNode } from "react";
import { text } from "../../text/text.ts";
import { cx } from "../class-names.ts";

/** Children shown of one array or object before "more" is pressed. */
const CHILDREN_MAX = 100;

type Props = {
  readonly value: unknown;
  /** Levels open at first. */
  readonly open?: number;
};

/** Any JSON as a tree to open and close. Text only: nothing in it is ever interpreted. */
export const JsonView = ({ value, open = 2 }: Props) => (
  <div className="font-mono text-xs leading-5 [overflow-wrap:anywhere]">
    <Node value={value} depth={open} />
  </div>
);

type NodeProps = { readonly name?: string; readonly value: unknown; readonly depth: number };

function Node({ name, value, depth }: NodeProps) {
  const members = membersOf(value);
  if (members === undefined || members.length === 0) {
    return (
      <div className="pl-4">
        <Name name={name} />
        <Scalar value={value} />
      </div>
    );
  }
  return <Branch name={name} list={Array.isArray(value)} members={members} depth={depth} />;
}

type BranchProps = {
  readonly name: string | undefined;
  readonly list: boolean;
  readonly members: readonly (readonly [string, unknown])[];
  readonly depth: number;
};

function Branch({ name, list, members, depth }: BranchProps) {
  const [open, setOpen] = useState(depth > 0);
  const [all, setAll] = useState(false);
  const shown = all ? members : members.slice(0, CHILDREN_MAX);
  const [left, right] = list ? ["[", "]"] : ["{", "}"];
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="flex min-h-6 list-none items-start rounded hover:bg-hover">
        <ChevronRight aria-hidden className={cx("mt-1 size-3 shrink-0 text-faint", open && "rotate-90")} />
        <span className="pl-1">
          <Name name={name} />
          <span className="text-muted">
            {left}
            {open ? "" : ` ${text.json.members(members.length)} ${right}`}
          </span>
        </span>
      </summary>
      {open ? (
        <div className="ml-1.5 border-l border-line pl-2">
          {shown.map(([key, member]) => (
            <Node key={key} {...(list ? {} : { name: key })} value={member} depth={depth - 1} />
          ))}
          {shown.length === members.length ? null : (
            <button type="button" className="pl-4 text-accent underline" onClick={() => setAll(true)}>
              {text.json.more(members.length - shown.length)}
            </button>
          )}
        </div>
      ) : null}
    </details>
  );
}

const Name = ({ name }: { readonly name: string | undefined }): ReactNode =>
  name === undefined ? null : (
    <>
      <span className="text-accent">{name}</span>
      <span className="text-muted">: </span>
    </>
  );

function Scalar({ value }: { readonly value: unknown }) {
  if (typeof value === "string") return <span className="whitespace-pre-wrap text-good">{JSON.stringify(value)}</span>;
  if (typeof value === "number") return <span className="text-busy">{value}</span>;
  return <span className="text-warn">{JSON.stringify(value)}</span>;
}

const membersOf = (value: unknown): readonly (readonly [string, unknown])[] | undefined =>
  typeof value === "object" && value !== null ? Object.entries(value) : undefined;
