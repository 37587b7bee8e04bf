import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type ModelProvider, operations, type Secret } from "../../../../src/api/contract/index.ts";
import { testModel } from "../../api/models.ts";
import { rotateSecret, setSecret } from "../../api/secrets.ts";
import { Button } from "../../parts/button.tsx";
import { DialogForm } from "../../parts/dialogs/dialog-form.tsx";
import { Dialog } from "../../parts/dialogs/dialog.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { EVERYWHERE, useDenial } from "../../parts/permission.ts";
import { text } from "../../text/text.ts";
import { DeleteSecret } from "./delete-secret.tsx";
import { ModelTestResult } from "./model-test-result.tsx";
import { PlaceField, usePageWorkspace, ValueField } from "./secret-form.tsx";
import { useStore } from "./use-store.ts";

const words = text.settings.secrets;

type Props = {
  readonly provider: Pick<ModelProvider, "name" | "test_model"> & { readonly key_name: string };
  readonly secrets: readonly Secret[];
  readonly onClose: () => void;
};

/** Stores the key of a model provider and tests it at once. */
export function ProviderKey({ provider: { name, key_name: keyName, test_model: model }, secrets, onClose }: Props) {
  const own = usePageWorkspace();
  const isEverywhere = useDenial()(operations.secret.rotateKey) === undefined;
  const keyOf = (place: string) => secrets.find((each) => each.name === keyName && each.workspace === place);
  const [workspace, setWorkspace] = useState(() =>
    isEverywhere && keyOf(own) === undefined && keyOf(EVERYWHERE) !== undefined ? EVERYWHERE : own,
  );
  const [isDeleting, setDeleting] = useState(false);
  const stored = keyOf(workspace);
  const place = { name: keyName, workspace };
  const { test, canTest } = useKeyTest(model);
  const { input, isFilled, setFilled, store } = useStore(
    (value) => (stored === undefined ? setSecret(place, { value }) : rotateSecret(place, value)),
    () => canTest && test.mutate(),
  );
  const isBusy = store.isPending || test.isPending;
  if (isDeleting) return <DeleteSecret secret={place} onClose={onClose} />;
  return (
    <Dialog title={words.keyTitle(name)} onClose={onClose}>
      <DialogForm
        onSubmit={() => {
          if (!isFilled || isBusy) return;
          test.reset();
          store.mutate();
        }}
        error={store.error ?? test.error}
        buttons={
          <>
            {stored === undefined ? null : (
              <Button look="danger" disabled={isBusy} onClick={() => setDeleting(true)}>
                {words.deleteAction}
              </Button>
            )}
            <Button onClick={onClose}>{text.actions.close}</Button>
            <Button type="submit" look="primary" disabled={!isFilled || isBusy}>
              {test.isPending ? words.testing : (stored === undefined ? words.set : words.replace)(canTest)}
            </Button>
          </>
        }
      >
        <p className="text-sm [overflow-wrap:anywhere]">{words.keyNote(keyName)}</p>
        {stored === undefined ? null : <StoredKey stored={stored} />}
        <PlaceField
          value={workspace}
          onValue={(chosen) => {
            setWorkspace(chosen);
            store.reset();
            test.reset();
          }}
        />
        {workspace === EVERYWHERE && keyOf(own) !== undefined ? (
          <p className="text-sm text-warn">{words.shadowed(own)}</p>
        ) : null}
        <ValueField input={input} onInput={setFilled} />
        {canTest ? null : <p className="text-sm text-muted">{words.untested}</p>}
        <div role="status">
          {store.isSuccess && !isBusy ? <p className="text-sm font-medium">{words.outcome(test.data?.ok)}</p> : null}
          {test.data === undefined ? null : <ModelTestResult result={test.data} />}
        </div>
      </DialogForm>
    </Dialog>
  );
}

const StoredKey = ({ stored: { fingerprint, updated_at: at, updated_by: by } }: { readonly stored: Secret }) => (
  <p className="text-sm text-muted [overflow-wrap:anywhere]">
    {words.stored(fingerprint ?? words.unreadable, by)} <Ago at={at} />
  </p>
);

/** The test of a provider's key with one of its models. */
function useKeyTest(model: string | null) {
  const canTest = useDenial()(operations.model.test) === undefined && model !== null;
  return { canTest, test: useMutation({ mutationFn: () => testModel(model ?? "") }) };
}
