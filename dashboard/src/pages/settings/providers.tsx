import { useQuery } from "@tanstack/react-query";
import { modelProvidersQuery } from "../../api/models.ts";
import { cx } from "../../parts/class-names.ts";
import { Skeleton } from "../../parts/empty.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";

const words = text.settings.providers;

/** Who can give models, and what each still needs. */
export function Providers() {
  const { data, error, refetch } = useQuery(modelProvidersQuery);
  return (
    <section>
      <h2 className="mb-2 text-sm font-semibold">{words.title}</h2>
      {data !== undefined ? (
        <Table label={words.title}>
          <thead>
            <tr>
              <Th>{words.columns.name}</Th>
              <Th className="max-sm:hidden">{words.columns.ready}</Th>
              <Th>{words.columns.note}</Th>
            </tr>
          </thead>
          <tbody>
            {data.items.map(({ name, ready, note }) => (
              <Row key={name}>
                <Td className="font-medium">
                  {name}
                  <Readiness ready={ready} className="block text-xs font-normal sm:hidden" />
                </Td>
                <Td className="max-sm:hidden">
                  <Readiness ready={ready} className="whitespace-nowrap" />
                </Td>
                <Td className="[overflow-wrap:anywhere] text-muted">{note}</Td>
              </Row>
            ))}
          </tbody>
        </Table>
      ) : error === null ? (
        <Skeleton lines={8} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
    </section>
  );
}

const Readiness = ({ ready, className }: { readonly ready: boolean; readonly className: string }) => (
  <span className={cx(className, ready ? "text-ink" : "text-muted")}>{ready ? words.ready : words.notReady}</span>
);
