import { useMutation, useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useState } from "react";
import { operations, type KnownModel, type ModelPage } from "../../../../src/api/contract/index.ts";
import { modelsQuery, testModel } from "../../api/models.ts";
import { Button } from "../../parts/button.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { count } from "../../parts/format/format.ts";
import { text } from "../../text/text.ts";
import { ModelTestResult } from "./model-test-result.tsx";

const words = text.settings.models;

/** Models that can be used by name, each with a test of three small requests. */
export function Models() {
  const [discover, setDiscover] = useState(false);
  const { data, error, isFetching, refetch } = useQuery(modelsQuery(discover));
  const test = useMutation({ mutationFn: testModel });
  return (
    <section>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-sm font-semibold">{words.title}</h2>
        <Button size="small" disabled={isFetching} onClick={() => (discover ? void refetch() : setDiscover(true))}>
          <Search aria-hidden />
          {words.discover}
        </Button>
      </div>
      {data !== undefined ? (
        <ModelTable
          page={data}
          testing={test.isPending ? test.variables : undefined}
          onTest={(model) => test.mutate(model)}
        />
      ) : error === null ? (
        <Skeleton lines={6} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
      {test.error === null ? null : <ProblemView error={test.error} />}
      {test.data === undefined ? null : <ModelTestResult result={test.data} />}
    </section>
  );
}

type TableProps = {
  readonly page: ModelPage;
  readonly testing: string | undefined;
  readonly onTest: (model: string) => void;
};

function ModelTable({ page, testing, onTest }: TableProps) {
  const rows = rowsOf(page);
  const silent = page.local.filter(({ answers }) => !answers);
  return (
    <>
      <p className="mb-2 text-sm text-muted">
        {words.note(page.default_model)}
        {silent.map(({ provider, address }) => ` ${words.silent(provider, address)}.`)}
      </p>
      {rows.length === 0 ? (
        <Empty title={words.none} note={words.noneNote} command={words.command} />
      ) : (
        <Table label={words.title}>
          <thead>
            <tr>
              <Th>{words.columns.model}</Th>
              <Th className="text-right">{words.columns.context}</Th>
              <Th className="text-right">{words.columns.answer}</Th>
              <Th>{words.columns.images}</Th>
              <Th>{words.columns.price}</Th>
              <Th>{words.columns.roles}</Th>
              <Th>{words.columns.test}</Th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <ModelRow key={row.id} row={row} testing={testing} onTest={onTest} />
            ))}
          </tbody>
        </Table>
      )}
    </>
  );
}

/** Models of a local server have no facts. */
type ModelRowData = Pick<KnownModel, "id"> & Partial<KnownModel>;

function rowsOf({ items, local }: ModelPage): readonly ModelRowData[] {
  const known = new Set(items.map(({ id }) => id));
  return [
    ...items,
    ...local
      .flatMap(({ models }) => models)
      .filter(({ id }) => !known.has(id))
      .map(({ id }) => ({ id })),
  ];
}

const countOf = (value: number | undefined): string => (value === undefined ? words.unknown : count(value));

function ModelRow({
  row: { id, context_tokens: context, output_tokens: output, images, price, roles = [] },
  testing,
  onTest,
}: Omit<TableProps, "page"> & { readonly row: ModelRowData }) {
  return (
    <Row>
      <Td className="font-mono text-xs">{id}</Td>
      <Td className="text-right tabular-nums">{countOf(context)}</Td>
      <Td className="text-right tabular-nums">{countOf(output)}</Td>
      <Td>{images === undefined ? words.unknown : images ? words.yes : words.no}</Td>
      <Td className="tabular-nums">{price == null ? words.unknown : `${price.input} / ${price.output}`}</Td>
      <Td className="text-muted">{roles.join(", ")}</Td>
      <Td>
        <Button
          needs={operations.model.test}
          size="small"
          aria-label={words.testName(id)}
          disabled={testing !== undefined}
          onClick={() => onTest(id)}
        >
          {testing === id ? words.testing : words.test}
        </Button>
      </Td>
    </Row>
  );
}
