import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ModelProvider, operations, type Secret } from "../../../../src/api/contract/index.ts";
import { modelProvidersQuery } from "../../api/models.ts";
import { secretsQuery } from "../../api/secrets.ts";
import { Button } from "../../parts/button.tsx";
import { cx } from "../../parts/class-names.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { useDenial } from "../../parts/permission.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { ProviderKey } from "./provider-key.tsx";

const words = text.settings.providers;

/** Model providers: what each still needs, and the key of each. */
export function Providers() {
  const { data, error, refetch } = useQuery(modelProvidersQuery);
  return (
    <section>
      <h2 className="mb-2 text-sm font-semibold">{words.title}</h2>
      {data !== undefined ? (
        <ProviderTable providers={data.items} />
      ) : error === null ? (
        <Skeleton lines={8} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
    </section>
  );
}

/** A user who may change secrets also sees which exist. */
function ProviderTable({ providers }: { readonly providers: readonly ModelProvider[] }) {
  const denial = useDenial();
  const canSet = [operations.secret.list, operations.secret.set].every((each) => denial(each) === undefined);
  const { data: secrets } = useQuery({ ...secretsQuery, enabled: canSet });
  const [opened, setOpened] = useState<string>();
  const open = providers.find(({ name }) => name === opened);
  return (
    <>
      <Table label={words.title}>
        <thead>
          <tr>
            <Th>{words.columns.name}</Th>
            <Th className="max-sm:hidden">{words.columns.ready}</Th>
            <Th>{words.columns.note}</Th>
            {canSet ? <Th className="max-sm:hidden">{words.columns.key}</Th> : null}
          </tr>
        </thead>
        <tbody>
          {providers.map((provider) => (
            <ProviderRow key={provider.name} provider={provider} secrets={secrets} canSet={canSet} onOpen={setOpened} />
          ))}
        </tbody>
      </Table>
      {open?.key_name == null ? null : (
        <ProviderKey
          provider={{ ...open, key_name: open.key_name }}
          secrets={secrets ?? []}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  );
}

type RowProps = {
  readonly provider: ModelProvider;
  /** undefined: not known, or not visible to the user. */
  readonly secrets: readonly Secret[] | undefined;
  readonly canSet: boolean;
  readonly onOpen: (provider: string) => void;
};

/** On a narrow screen, its state and the button are below the name. */
function ProviderRow({ provider, secrets, canSet, onOpen }: RowProps) {
  const { name, ready, note, key_name: keyName } = provider;
  const action = secrets?.some((each) => each.name === keyName) === true ? words.changeKey : words.setKey;
  const button =
    keyName === null || secrets === undefined ? null : (
      <Button size="small" aria-label={words.keyOf(action, name)} onClick={() => onOpen(name)}>
        {action}
      </Button>
    );
  return (
    <Row>
      <Td className="font-medium">
        {name}
        <Readiness ready={ready} className="block text-xs font-normal sm:hidden" />
        {button === null ? null : <div className="mt-1 sm:hidden">{button}</div>}
      </Td>
      <Td className="max-sm:hidden">
        <Readiness ready={ready} className="whitespace-nowrap" />
      </Td>
      <Td className="[overflow-wrap:anywhere] text-muted">{note}</Td>
      {canSet ? <Td className="max-sm:hidden">{button}</Td> : null}
    </Row>
  );
}

const Readiness = ({ ready, className }: { readonly ready: boolean; readonly className: string }) => (
  <span className={cx(className, ready ? "text-ink" : "text-muted")}>{ready ? words.ready : words.notReady}</span>
);
