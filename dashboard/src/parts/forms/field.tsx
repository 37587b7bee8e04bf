import { useId, type ComponentProps, type ReactNode } from "react";
import { cx } from "../class-names.ts";

export const inputClass =
  "w-full rounded-md border border-line-strong bg-surface px-2.5 text-sm placeholder:text-faint hover:border-faint focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0 aria-invalid:border-bad";

export const Input = ({ className, ...rest }: ComponentProps<"input">) => (
  <input className={cx(inputClass, "h-8", className)} {...rest} />
);

export const Select = ({ className, ...rest }: ComponentProps<"select">) => (
  <select className={cx(inputClass, "h-8 pr-7", className)} {...rest} />
);

export const TextArea = ({ className, ...rest }: ComponentProps<"textarea">) => (
  <textarea className={cx(inputClass, "block py-1.5 leading-5", className)} {...rest} />
);

type FieldProps = {
  readonly label: string;
  readonly note?: string | undefined;
  readonly required?: boolean;
  /** What is wrong with what was given. */
  readonly error?: string | undefined;
  readonly children: (ids: { readonly id: string; readonly describedBy: string | undefined }) => ReactNode;
};

/** A label over an input, with a line that explains it, and one that says what is wrong with it. */
export function Field({ label, note, required = false, error, children }: FieldProps) {
  const id = useId();
  const noteId = `${id}-note`;
  const errorId = `${id}-error`;
  const described = note !== undefined && note !== "";
  const about = [...(described ? [noteId] : []), ...(error === undefined ? [] : [errorId])].join(" ");
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-xs font-medium">
        {label}
        {required ? <span className="text-bad"> *</span> : null}
      </label>
      {children({ id, describedBy: about === "" ? undefined : about })}
      {described ? (
        <p id={noteId} className="mt-1 text-xs text-muted">
          {note}
        </p>
      ) : null}
      {error === undefined ? null : (
        <p id={errorId} role="alert" className="mt-1 text-xs text-bad [overflow-wrap:anywhere]">
          {error}
        </p>
      )}
    </div>
  );
}
