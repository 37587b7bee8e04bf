import { useState } from "react";
import type { MemoryEntity, MemoryObservation } from "../../../../../src/api/contract/index.ts";
import { reviseEntity } from "../../../api/memory/memory.ts";
import { EDITING } from "../../../text/memory/editing.ts";
import { text } from "../../../text/text.ts";
import { ChangeForm } from "../forms/change-form.tsx";
import { ClaimFields, isClaimSound } from "../forms/claim-fields.tsx";
import { changedClaim, draftOf } from "../forms/claim.ts";
import { refusedField } from "../forms/refused.ts";
import { beginning } from "../beginning.ts";
import { useChange } from "../forms/use-change.ts";

type Props = { readonly entity: MemoryEntity; readonly observation: MemoryObservation; readonly onClose: () => void };

/** Changes how sure an observation is, and when it holds. */
export function AmendDialog({ entity, observation, onClose }: Props) {
  const [draft, setDraft] = useState(draftOf(observation));
  const save = useChange(
    () => {
      const amended = { text: observation.text, ...changedClaim(observation, draft) };
      return reviseEntity(entity.id, { observations: [amended] });
    },
    () => text.memory.changed,
  );
  const refused = refusedField(save.error, ["valid_to"]);
  return (
    <ChangeForm
      title={EDITING.amendTitle}
      action={text.memory.saveChange}
      onClose={onClose}
      onSubmit={() => save.mutate(undefined, { onSuccess: onClose })}
      isReady={isClaimSound(draft) && !save.isPending}
      error={refused === undefined ? save.error : null}
    >
      <blockquote dir="auto" className="border-s-2 border-line-strong ps-3 text-sm [overflow-wrap:anywhere]">
        {beginning(observation.text)}
      </blockquote>
      <p className="text-sm text-muted">{EDITING.amendNote}</p>
      <ClaimFields
        draft={draft}
        onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
        refused={refused?.words}
      />
    </ChangeForm>
  );
}
