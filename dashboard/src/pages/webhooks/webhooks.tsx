import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { operations, type Webhook } from "../../../../src/api/contract/index.ts";
import { webhooksQuery } from "../../api/webhooks.ts";
import { Button } from "../../parts/button.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { Ago } from "../../parts/format/ago.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Row, rowLink, Table, Td, Th } from "../../parts/table.tsx";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { CreateWebhook } from "./create-webhook.tsx";
import { WebhookState } from "./webhook-state.tsx";

const words = text.webhooks;

/** Webhooks with their states, the oldest first. */
export function Webhooks() {
  useListKeys();
  const { data, error, refetch } = useQuery(webhooksQuery);
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <PageHeading title={text.pages.webhooks} note={words.note}>
        <Button look="primary" needs={operations.webhook.create} onClick={() => setOpen(true)}>
          <Plus aria-hidden />
          {words.create}
        </Button>
      </PageHeading>
      {data !== undefined ? (
        <WebhookTable webhooks={data} />
      ) : error === null ? (
        <Skeleton lines={4} />
      ) : (
        <ProblemView error={error} onRetry={() => void refetch()} />
      )}
      {isOpen ? <CreateWebhook onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function WebhookTable({ webhooks }: { readonly webhooks: readonly Webhook[] }) {
  const { columns } = words;
  if (webhooks.length === 0) return <Empty title={words.none} note={words.noneNote} command={words.command} />;
  return (
    <Table label={text.pages.webhooks}>
      <thead>
        <tr>
          <Th className="w-28">{columns.state}</Th>
          <Th>{columns.url}</Th>
          <Th className="max-sm:hidden">{columns.events}</Th>
          <Th className="w-24 text-right max-sm:hidden">{columns.pending}</Th>
          <Th className="w-36 max-md:hidden">{columns.owner}</Th>
          <Th className="w-28 text-right max-md:hidden">{columns.created}</Th>
        </tr>
      </thead>
      <tbody>
        {webhooks.map(({ id, state, url, events, pending, owner, stopped, created_at: createdAt }) => (
          <Row key={id} className="h-10.5">
            <Td>
              <WebhookState state={state} />
            </Td>
            <Td className="max-w-0">
              <Link to="/webhooks/$id" params={{ id }} data-row-link className={`${rowLink} block truncate`}>
                {url}
              </Link>
              {stopped === null ? null : <span className="block truncate text-xs text-bad">{stopped.reason}</span>}
            </Td>
            <Td className="max-w-0 truncate font-mono text-xs text-muted max-sm:hidden">{events.join(" ")}</Td>
            <Td className="text-right text-muted tabular-nums max-sm:hidden">{pending}</Td>
            <Td className="max-w-0 truncate text-muted max-md:hidden">{owner.name}</Td>
            <Td className="text-right text-muted max-md:hidden">
              <Ago at={createdAt} />
            </Td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
