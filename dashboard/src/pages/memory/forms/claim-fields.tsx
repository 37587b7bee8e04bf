import { Field, Input } from "../../../parts/forms/field.tsx";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { type ClaimDraft, shareError, spanError } from "./claim.ts";

const { facts } = text.memory;

type RequiredProps = {
  readonly label: string;
  readonly note?: string | undefined;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly isFirst?: boolean;
};

/** One line that must be written, with what is wrong with it. */
export function RequiredField({
  label,
  note,
  value,
  onChange,
  isFirst = false,
  error,
  inputMode = "text",
}: RequiredProps & { readonly error: string | undefined; readonly inputMode?: "text" | "decimal" }) {
  return (
    <Field label={label} note={note} error={error} required>
      {({ id, describedBy }) => (
        <Input
          id={id}
          aria-describedby={describedBy}
          aria-invalid={error !== undefined}
          data-autofocus={isFirst ? "" : undefined}
          inputMode={inputMode}
          autoComplete="off"
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}

/** A number from 0 to 1. */
export function ShareField(props: RequiredProps) {
  return <RequiredField {...props} error={shareError(props.value)} inputMode="decimal" />;
}

type Props = {
  readonly draft: ClaimDraft;
  readonly onChange: (change: Partial<ClaimDraft>) => void;
  /** What the server found wrong with the span. */
  readonly refused?: string | undefined;
};

/** From when until when something holds; an end that is empty is open. */
function SpanFields({ draft, onChange, refused }: Props) {
  const error = spanError(draft) ?? refused;
  return (
    <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
      <TimeField label={EDITING.validFrom} value={draft.from} onChange={(from) => onChange({ from })} />
      <TimeField
        label={EDITING.validTo}
        note={EDITING.validNote}
        value={draft.to}
        error={error}
        onChange={(to) => onChange({ to })}
      />
    </div>
  );
}

type TimeProps = {
  readonly label: string;
  readonly note?: string | undefined;
  readonly error?: string | undefined;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

const TimeField = ({ label, note, error, value, onChange }: TimeProps) => (
  <Field label={label} note={note} error={error}>
    {({ id, describedBy }) => (
      <Input
        id={id}
        type="datetime-local"
        step={1}
        aria-describedby={describedBy}
        aria-invalid={error !== undefined}
        value={value}
        onChange={({ target }) => onChange(target.value)}
      />
    )}
  </Field>
);

/** How sure it is, and when it holds. */
export const ClaimFields = ({ draft, onChange, refused, isFirst = true }: Props & { readonly isFirst?: boolean }) => (
  <>
    <ShareField
      label={facts.confidence}
      note={EDITING.confidenceNote}
      value={draft.confidence}
      onChange={(confidence) => onChange({ confidence })}
      isFirst={isFirst}
    />
    <SpanFields draft={draft} onChange={onChange} refused={refused} />
  </>
);

export const isClaimSound = (draft: ClaimDraft): boolean =>
  shareError(draft.confidence) === undefined && spanError(draft) === undefined;
