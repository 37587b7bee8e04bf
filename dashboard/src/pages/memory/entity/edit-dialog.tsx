import { useState } from "react";
import type { MemoryEntity } from "../../../../../src/api/contract/index.ts";
import { type EntityChange, reviseEntity } from "../../../api/memory/memory.ts";
import { Field, TextArea } from "../../../parts/forms/field.tsx";
import { fullTime } from "../../../parts/format/format.ts";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { ChangeForm } from "../forms/change-form.tsx";
import { ClaimFields, isClaimSound, RequiredField, ShareField } from "../forms/claim-fields.tsx";
import { changedClaim, type ClaimDraft, draftOf, readMetadata, shareError } from "../forms/claim.ts";
import { refusedField } from "../forms/refused.ts";
import { useChange } from "../forms/use-change.ts";

const words = text.memory;

type Draft = ClaimDraft & {
  readonly name: string;
  readonly type: string;
  readonly strength: string;
  readonly metadata: string;
};

const metadataText = ({ metadata }: MemoryEntity): string =>
  Object.keys(metadata).length === 0 ? "" : JSON.stringify(metadata, undefined, 2);

/** Changes the fields of an entity: what it is called, what kind of thing it is, how much it matters, when it holds. */
export function EditDialog({ entity, onClose }: { readonly entity: MemoryEntity; readonly onClose: () => void }) {
  // Another may change it meanwhile: what is sent is what this form made otherwise, and nothing that the other did is undone.
  const [before] = useState(entity);
  const [draft, setDraft] = useState<Draft>({
    ...draftOf(entity),
    name: entity.name,
    type: entity.type,
    strength: String(entity.strength),
    metadata: metadataText(entity),
  });
  const set = (change: Partial<Draft>) => setDraft((was) => ({ ...was, ...change }));
  const save = useChange(
    () => reviseEntity(entity.id, changeOf(before, draft)),
    () => words.changed,
  );
  const metadata = readMetadata(draft.metadata);
  const refused = refusedField(save.error, ["name", "type", "metadata", "valid_to"]);
  const refusal = (field: string) => (refused?.field === field ? refused.words : undefined);
  const isSound = draft.name.trim() !== "" && draft.type.trim() !== "" && !("error" in metadata);
  return (
    <ChangeForm
      title={words.editTitle(entity.name)}
      action={words.saveChange}
      onClose={onClose}
      onSubmit={() => save.mutate(undefined, { onSuccess: onClose })}
      isReady={isSound && isClaimSound(draft) && shareError(draft.strength) === undefined && !save.isPending}
      error={refused === undefined ? save.error : null}
      remark={entity.version === before.version ? null : <ChangedMeanwhile before={before} now={entity} />}
    >
      <RequiredField
        label={words.name}
        note={EDITING.nameNote}
        value={draft.name}
        error={missing(draft.name) ?? refusal("name")}
        onChange={(name) => set({ name })}
        isFirst
      />
      <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
        <RequiredField
          label={words.type}
          value={draft.type}
          error={missing(draft.type) ?? refusal("type")}
          onChange={(type) => set({ type })}
        />
        <ShareField
          label={words.facts.strength}
          note={words.strengthNote}
          value={draft.strength}
          onChange={(strength) => set({ strength })}
        />
      </div>
      <ClaimFields draft={draft} onChange={set} refused={refusal("valid_to")} isFirst={false} />
      <MetadataField
        value={draft.metadata}
        refused={refusal("metadata")}
        onChange={(typed) => set({ metadata: typed })}
      />
    </ChangeForm>
  );
}

/** Which fields another changed while the form was open, and that they stay so unless they are changed here. */
function ChangedMeanwhile({ before, now }: { readonly before: MemoryEntity; readonly now: MemoryEntity }) {
  const theirs = FIELDS.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(now[field]));
  return (
    <p role="status" className="text-sm text-warn [overflow-wrap:anywhere]">
      {EDITING.meanwhile(now.version)}
      {theirs.map((field) => ` ${EDITING.theirs(field.replace("_", " "), readableField(now, field))}`)}
    </p>
  );
}

const FIELDS = ["name", "type", "strength", "confidence", "valid_from", "valid_to", "metadata"] as const;

function readableField(entity: MemoryEntity, field: (typeof FIELDS)[number]): string {
  const value = entity[field];
  if (value === null) return text.memory.facts.always;
  return typeof value === "object"
    ? JSON.stringify(value)
    : field.startsWith("valid")
      ? fullTime(String(value))
      : String(value);
}

/** Only what the form made otherwise. */
function changeOf(entity: MemoryEntity, draft: Draft): EntityChange {
  const metadata = readMetadata(draft.metadata);
  return {
    ...changedClaim(entity, draft),
    ...(draft.name.trim() === entity.name ? {} : { name: draft.name.trim() }),
    ...(draft.type.trim() === entity.type ? {} : { type: draft.type.trim() }),
    ...(draft.strength === String(entity.strength) ? {} : { strength: Number(draft.strength) }),
    ...("error" in metadata || draft.metadata === metadataText(entity) ? {} : { metadata: metadata.value }),
  };
}

const missing = (value: string): string | undefined => (value.trim() === "" ? EDITING.wrong.empty : undefined);

type MetadataProps = {
  readonly value: string;
  readonly refused: string | undefined;
  readonly onChange: (value: string) => void;
};

/** An object as JSON, or empty. */
export function MetadataField({ value, refused, onChange }: MetadataProps) {
  const read = readMetadata(value);
  const error = "error" in read ? read.error : refused;
  return (
    <Field label={EDITING.metadata} note={EDITING.metadataNote} error={error}>
      {({ id, describedBy }) => (
        <TextArea
          id={id}
          aria-describedby={describedBy}
          aria-invalid={error !== undefined}
          rows={3}
          spellCheck={false}
          className="font-mono text-xs"
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}
