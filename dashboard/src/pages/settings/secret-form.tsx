import { type RefObject, use } from "react";
import { EVERYWHERE, IdentityContext, useDenial } from "../../parts/permission.ts";
import { operations } from "../../../../src/api/contract/index.ts";
import { Field, Input, Select } from "../../parts/forms/field.tsx";
import { text } from "../../text/text.ts";

const words = text.settings.secrets;

type ValueProps = { readonly input: RefObject<HTMLInputElement | null>; readonly onInput: (isFilled: boolean) => void };

/** The value of a secret. Uncontrolled: React would write the value of a controlled field into the page. */
export const ValueField = ({ input, onInput }: ValueProps) => (
  <Field label={words.value} note={words.valueNote}>
    {({ id, describedBy }) => (
      <Input
        ref={input}
        id={id}
        data-autofocus
        aria-describedby={describedBy}
        type="password"
        autoComplete="off"
        spellCheck={false}
        className="font-mono"
        onInput={(event) => onInput(event.currentTarget.value !== "")}
      />
    )}
  </Field>
);

type PlaceProps = { readonly value: string; readonly onValue: (workspace: string) => void };

/** The workspace of a secret: that of the page, or all for a user who may change secrets in every one. */
export function PlaceField({ value, onValue }: PlaceProps) {
  const own = usePageWorkspace();
  const isEverywhere = useDenial()(operations.secret.rotateKey) === undefined;
  if (!isEverywhere) return <p className="text-sm text-muted">{words.storedIn(own)}</p>;
  return (
    <Field label={words.workspace}>
      {({ id }) => (
        <Select id={id} value={value} onChange={(event) => onValue(event.target.value)}>
          <option value={own}>{own}</option>
          <option value={EVERYWHERE}>{words.everywhere}</option>
        </Select>
      )}
    </Field>
  );
}

/** The workspace of the page. */
export const usePageWorkspace = (): string => use(IdentityContext)?.workspace ?? words.thisWorkspace;
