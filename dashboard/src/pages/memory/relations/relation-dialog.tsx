import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { MemoryEntity, MemoryRelation } from "../../../../../src/api/contract/index.ts";
import { toProblem } from "../../../api/client.ts";
import { nearNamesQuery, relate, unrelate } from "../../../api/memory/memory.ts";
import { Choices } from "../../../parts/forms/choices.tsx";
import { Field, Input } from "../../../parts/forms/field.tsx";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { ChangeForm } from "../forms/change-form.tsx";
import { ClaimFields, isClaimSound, ShareField } from "../forms/claim-fields.tsx";
import { changedClaim, type ClaimDraft, draftOf, instantOf, shareError } from "../forms/claim.ts";
import { refusedField } from "../forms/refused.ts";
import { useChange } from "../forms/use-change.ts";

const words = EDITING.relations;
const DIRECTIONS = ["from", "to"] as const;
const STRENGTH = "0.5";

type Draft = ClaimDraft & {
  readonly direction: (typeof DIRECTIONS)[number];
  readonly other: string;
  readonly type: string;
  readonly strength: string;
  readonly isBoth: boolean;
};

type Props = {
  readonly entity: MemoryEntity;
  /** Types that are used around it already. */
  readonly types: readonly string[];
  readonly onClose: () => void;
};

/** Relates an entity to another of its scope. */
export function AddRelation({ entity, types, onClose }: Props) {
  const [draft, setDraft] = useState<Draft>({
    direction: "from",
    other: "",
    type: "",
    strength: STRENGTH,
    isBoth: false,
    confidence: "1",
    from: "",
    to: "",
  });
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const add = useChange(
    () => {
      const [here, there] = [entity.name, draft.other.trim()];
      return relate({
        scope: entity.scope,
        from: draft.direction === "from" ? here : there,
        to: draft.direction === "from" ? there : here,
        type: draft.type.trim(),
        strength: Number(draft.strength),
        bidirectional: draft.isBoth,
        confidence: Number(draft.confidence),
        valid_from: instantOf(draft.from),
        valid_to: instantOf(draft.to),
      });
    },
    () => words.added,
  );
  const refused = refusedField(add.error, ["type", "valid_to"]);
  const isUnknown = add.error !== null && toProblem(add.error).code === "ENTITY_NOT_FOUND";
  const isWhole = draft.other.trim() !== "" && draft.type.trim() !== "";
  return (
    <ChangeForm
      title={words.addTitle(entity.name)}
      action={words.add}
      onClose={onClose}
      onSubmit={() => add.mutate(undefined, { onSuccess: onClose })}
      isReady={isWhole && isClaimSound(draft) && shareError(draft.strength) === undefined && !add.isPending}
      error={refused === undefined && !isUnknown ? add.error : null}
    >
      <Choices
        label={words.direction}
        value={draft.direction}
        choices={DIRECTIONS.map((value) => ({ value, label: words.directions[value](entity.name) }))}
        onChange={(direction) => set({ direction: direction ?? "from" })}
      />
      <TypeField
        types={types}
        value={draft.type}
        error={refused?.field === "type" ? refused.words : undefined}
        onChange={(type) => set({ type })}
      />
      <OtherField
        entity={entity}
        value={draft.other}
        error={isUnknown && add.error !== null ? toProblem(add.error).detail : undefined}
        onChange={(other) => set({ other })}
      />
      <HowStrong draft={draft} onChange={set} refused={refused?.field === "valid_to" ? refused.words : undefined} />
    </ChangeForm>
  );
}

type WordProps = {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
};

function TypeField({ types, value, error, onChange }: WordProps & { readonly types: readonly string[] }) {
  const list = useId();
  return (
    <Field label={words.type} note={words.typeNote} error={error} required>
      {({ id, describedBy }) => (
        <>
          <Input
            id={id}
            aria-describedby={describedBy}
            aria-invalid={error !== undefined}
            data-autofocus=""
            autoComplete="off"
            list={list}
            value={value}
            onChange={({ target }) => onChange(target.value)}
          />
          <datalist id={list}>
            {types.map((type) => (
              <option key={type} value={type} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** A name that is known in the scope; names that the words typed so far find are proposed. */
function OtherField({ entity, value, error, onChange }: WordProps & { readonly entity: MemoryEntity }) {
  const list = useId();
  const { data: names = [] } = useQuery(nearNamesQuery(entity.scope, value.trim()));
  return (
    <Field label={words.other} note={words.otherNote(entity.scope)} error={error} required>
      {({ id, describedBy }) => (
        <>
          <Input
            id={id}
            aria-describedby={describedBy}
            aria-invalid={error !== undefined}
            autoComplete="off"
            list={list}
            value={value}
            onChange={({ target }) => onChange(target.value)}
          />
          <datalist id={list}>
            {names
              .filter((name) => name !== entity.name)
              .map((name) => (
                <option key={name} value={name} />
              ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

type HowDraft = ClaimDraft & Pick<Draft, "strength" | "isBoth">;
type HowProps = {
  readonly draft: HowDraft;
  readonly onChange: (change: Partial<HowDraft>) => void;
  readonly refused: string | undefined;
  readonly isFirst?: boolean;
};

function HowStrong({ draft, onChange, refused, isFirst = false }: HowProps) {
  return (
    <>
      <label className="flex items-center gap-2 text-sm">
        <input type="checkbox" checked={draft.isBoth} onChange={({ target }) => onChange({ isBoth: target.checked })} />
        {words.both}
      </label>
      <ShareField
        label={text.memory.facts.strength}
        note={words.strengthNote}
        value={draft.strength}
        onChange={(strength) => onChange({ strength })}
        isFirst={isFirst}
      />
      <ClaimFields draft={draft} onChange={onChange} refused={refused} isFirst={false} />
    </>
  );
}

export type NamedRelation = { readonly relation: MemoryRelation; readonly from: string; readonly to: string };
type OneProps = NamedRelation & { readonly onClose: () => void };

/** Changes how strong and sure a relation is, and when it holds; it takes the place of the one that was. */
export function EditRelation({ relation, from, to, onClose }: OneProps) {
  // Another may change it meanwhile: only what this form made otherwise takes the place of what is there then.
  const [first] = useState(relation);
  const before = { strength: String(first.strength), isBoth: first.bidirectional };
  const [draft, setDraft] = useState<HowDraft>({ ...draftOf(first), ...before });
  const save = useChange(
    () => {
      const { scope, type, confidence, valid_from, valid_to, metadata } = relation;
      return relate({
        scope,
        from,
        to,
        type,
        metadata,
        confidence,
        valid_from,
        valid_to,
        ...changedClaim(first, draft),
        strength: draft.strength === before.strength ? relation.strength : Number(draft.strength),
        bidirectional: draft.isBoth === before.isBoth ? relation.bidirectional : draft.isBoth,
      });
    },
    () => text.memory.changed,
  );
  const refused = refusedField(save.error, ["valid_to"]);
  return (
    <ChangeForm
      title={words.editTitle}
      action={text.memory.saveChange}
      onClose={onClose}
      onSubmit={() => save.mutate(undefined, { onSuccess: onClose })}
      isReady={isClaimSound(draft) && shareError(draft.strength) === undefined && !save.isPending}
      error={refused === undefined ? save.error : null}
    >
      <p className="text-sm font-medium [overflow-wrap:anywhere]">
        {words.whole(from, relation.type, to, draft.isBoth)}
      </p>
      <HowStrong
        draft={draft}
        onChange={(change) => setDraft((was) => ({ ...was, ...change }))}
        refused={refused?.words}
        isFirst
      />
    </ChangeForm>
  );
}

export function RemoveRelation({ relation, from, to, onClose }: OneProps) {
  const remove = useChange(
    () => unrelate(relation.id),
    () => words.removed,
  );
  return (
    <ChangeForm
      title={words.removeTitle}
      action={words.removeAction}
      look="danger"
      onClose={onClose}
      onSubmit={() => remove.mutate(undefined, { onSuccess: onClose })}
      isReady={!remove.isPending}
      error={remove.error}
    >
      <p className="text-sm font-medium [overflow-wrap:anywhere]">
        {words.whole(from, relation.type, to, relation.bidirectional)}
      </p>
      <p className="text-sm">{words.removeNote}</p>
    </ChangeForm>
  );
}
