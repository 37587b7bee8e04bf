import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { RotateCw } from "lucide-react";
import { useState } from "react";
import { operations, type WebhookDelivery } from "../../../../src/api/contract/index.ts";
import { deliveriesQuery, type DeliveryState, refetchWebhooks, replayWebhook } from "../../api/webhooks.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { Choices } from "../../parts/forms/choices.tsx";
import { MoreButton } from "../../parts/more-button.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, Table, Td, Th } from "../../parts/table.tsx";
import { text } from "../../text/text.ts";
import { WebhookState } from "./webhook-state.tsx";

const words = text.webhooks;
const STATES = ["pending", "delivered", "dead"] as const satisfies readonly DeliveryState[];

/** The status or the error of the last attempt; empty before the first. */
export function resultOf({ attempts }: WebhookDelivery): string {
  const last = attempts.at(-1);
  return last === undefined ? "" : (last.error ?? String(last.status));
}

/** Deliveries of a webhook with their attempts, the newest first. */
export function Deliveries({ id }: { readonly id: string }) {
  const [state, setState] = useState<DeliveryState>();
  const replay = useReplay(id);
  return (
    <section aria-label={words.deliveries}>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <h2 className="flex-1 text-sm font-semibold">{words.deliveries}</h2>
        <Choices
          label={words.deliveryColumns.state}
          value={state}
          choices={[
            { value: undefined, label: words.anyState },
            ...STATES.map((value) => ({ value, label: words.deliveryStates[value] })),
          ]}
          onChange={setState}
        />
        <Button
          size="small"
          needs={operations.webhook.replay}
          disabled={replay.isPending}
          onClick={() => replay.mutate(undefined)}
        >
          <RotateCw aria-hidden />
          {words.replayDead}
        </Button>
      </div>
      <List id={id} state={state} onReplay={(delivery) => replay.mutate(delivery)} />
    </section>
  );
}

function useReplay(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (delivery: string | undefined) => replayWebhook(id, delivery),
    onSuccess: ({ replayed }) => {
      notify(words.replayed(replayed));
      return refetchWebhooks(client);
    },
    onError: (error) => notify(error.message),
  });
}

type ListProps = {
  readonly id: string;
  readonly state: DeliveryState | undefined;
  readonly onReplay: (delivery: string) => void;
};

function List({ id, state, onReplay }: ListProps) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    deliveriesQuery(id, state),
  );
  if (data === undefined)
    return error === null ? <Skeleton lines={4} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  const deliveries = data.pages.flatMap(({ items }) => items);
  if (deliveries.length === 0) return <Empty title={words.noDeliveries} note={words.noDeliveriesNote} />;
  const { deliveryColumns: columns } = words;
  return (
    <>
      <Table label={words.deliveries}>
        <thead>
          <tr>
            <Th className="w-28">{columns.state}</Th>
            <Th>{columns.event}</Th>
            <Th className="w-24 text-right max-sm:hidden">{columns.attempts}</Th>
            <Th className="max-sm:hidden">{columns.result}</Th>
            <Th className="w-28 text-right max-md:hidden">{columns.at}</Th>
            <Th className="w-16">
              <span className="sr-only">{columns.actions}</span>
            </Th>
          </tr>
        </thead>
        <tbody>
          {deliveries.map((delivery) => (
            <DeliveryRow key={delivery.id} delivery={delivery} onReplay={onReplay} />
          ))}
        </tbody>
      </Table>
      {hasNextPage ? (
        <MoreButton
          className="mt-3"
          label={text.actions.older}
          isLoading={isFetchingNextPage}
          error={error}
          onMore={() => void fetchNextPage()}
        />
      ) : null}
    </>
  );
}

type RowProps = { readonly delivery: WebhookDelivery; readonly onReplay: ListProps["onReplay"] };

function DeliveryRow({ delivery, onReplay }: RowProps) {
  const { id, sequence, type, state, attempts, timestamp, next_attempt_at: next } = delivery;
  return (
    <Row>
      <Td>
        <WebhookState state={state} />
      </Td>
      <Td className="font-mono text-xs">
        {sequence} {type}
      </Td>
      <Td className="text-right text-muted tabular-nums max-sm:hidden">{attempts.length}</Td>
      <Td className="text-xs text-muted [overflow-wrap:anywhere] max-sm:hidden">
        {resultOf(delivery)}
        {next === null ? null : <span className="block">{words.next(fullTime(next))}</span>}
      </Td>
      <Td className="text-right text-muted max-md:hidden">
        <Ago at={timestamp} />
      </Td>
      <Td>
        <IconButton label={words.replay(sequence)} needs={operations.webhook.replay} onClick={() => onReplay(id)}>
          <RotateCw aria-hidden />
        </IconButton>
      </Td>
    </Row>
  );
}
