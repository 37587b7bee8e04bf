import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { operations, type Webhook as WebhookRecord, type WebhookDelivery } from "../../../../src/api/contract/index.ts";
import {
  deleteWebhook,
  refetchWebhooks,
  rotateWebhook,
  setWebhookEnabled,
  testWebhook,
  webhookQuery,
} from "../../api/webhooks.ts";
import { Button } from "../../parts/button.tsx";
import { Card, Chip, Fact } from "../../parts/card.tsx";
import { ConfirmDialog } from "../../parts/dialogs/confirm-dialog.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { fullTime } from "../../parts/format/format.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { KeyDialog } from "../../parts/keys/key-dialog.tsx";
import { Deliveries, resultOf } from "./deliveries.tsx";
import { useSecret } from "./use-secret.ts";
import { WebhookState } from "./webhook-state.tsx";

const route = getRouteApi("/webhooks/$id");
const words = text.webhooks;

/** One webhook: its filters, its state, and its deliveries. */
export function Webhook() {
  const { id } = route.useParams();
  const { data: webhook, error, refetch } = useQuery(webhookQuery(id));
  return (
    <>
      <PageHeading
        title={webhook?.url ?? text.pages.webhooks}
        above={<Trail />}
        note={<span className="font-mono text-xs">{id}</span>}
      >
        {webhook === undefined ? null : <Actions webhook={webhook} />}
      </PageHeading>
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} className="mb-4" />}
      {webhook === undefined && error === null ? <Skeleton lines={6} /> : null}
      {webhook === undefined ? null : (
        <div className="space-y-4">
          <Facts webhook={webhook} />
          <Deliveries id={id} />
        </div>
      )}
    </>
  );
}

const Trail = () => (
  <nav aria-label={words.trail} className="mb-1 text-xs text-muted">
    <Link to="/webhooks" className="hover:text-ink hover:underline">
      {text.pages.webhooks}
    </Link>
  </nav>
);

function Facts({ webhook }: { readonly webhook: WebhookRecord }) {
  const { stopped } = webhook;
  return (
    <Card>
      {stopped === null ? null : (
        <p role="status" className="mb-4 text-sm text-bad [overflow-wrap:anywhere]">
          {words.stoppedNote(stopped.reason)}
        </p>
      )}
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 sm:grid-cols-3 lg:grid-cols-4">
        {factsOf(webhook).map(([name, value]) => (
          <Fact key={name} name={words.facts[name]}>
            {value}
          </Fact>
        ))}
      </dl>
    </Card>
  );
}

type FactName = keyof typeof words.facts;

function factsOf(webhook: WebhookRecord): readonly (readonly [FactName, ReactNode])[] {
  const { state, events, agents, where, content, owner, failing_since: failing, stopped, dropped } = webhook;
  return [
    ["state", <WebhookState key="state" state={state} />],
    ["events", chips(events)],
    ...only("agents", agents.length === 0 ? null : chips(agents)),
    ...only("where", where === "" ? null : <code className="font-mono text-xs">{where}</code>),
    ["content", content ? words.contentSent : words.contentKept],
    ["owner", owner.name],
    ["sequence", webhook.sequence],
    ["pending", webhook.pending],
    ...only("dropped", dropped === 0 ? null : dropped),
    ...only("failing", failing === null ? null : fullTime(failing)),
    ...only("stopped", stopped === null ? null : fullTime(stopped.since)),
  ];
}

const only = (name: FactName, value: ReactNode): readonly (readonly [FactName, ReactNode])[] =>
  value === null ? [] : [[name, value]];

const chips = (names: readonly string[]) => (
  <span className="flex flex-wrap gap-1">
    {names.map((name) => (
      <Chip key={name} mono>
        {name}
      </Chip>
    ))}
  </span>
);

const testWords = (delivery: WebhookDelivery): string =>
  delivery.state === "delivered" ? words.tested.delivered : words.tested.failed(resultOf(delivery));

function Actions({ webhook: { id, url, enabled, stopped } }: { readonly webhook: WebhookRecord }) {
  const client = useQueryClient();
  const [open, setOpen] = useState<"rotate" | "delete">();
  const isOn = enabled && stopped === null;
  const test = useMutation({
    mutationFn: () => testWebhook(id),
    onSuccess: (delivery) => {
      notify(testWords(delivery));
      return refetchWebhooks(client);
    },
    onError: (error) => notify(error.message),
  });
  const change = useMutation({
    mutationFn: () => setWebhookEnabled(id, !isOn),
    onSuccess: () => {
      notify(isOn ? words.disabled : words.enabled);
      return refetchWebhooks(client);
    },
    onError: (error) => notify(error.message),
  });
  const close = () => setOpen(undefined);
  return (
    <>
      <Button look="primary" needs={operations.webhook.test} disabled={test.isPending} onClick={() => test.mutate()}>
        {test.isPending ? words.testing : words.test}
      </Button>
      <Button needs={operations.webhook.update} disabled={change.isPending} onClick={() => change.mutate()}>
        {isOn ? words.disable : words.enable}
      </Button>
      <Button needs={operations.webhook.rotate} onClick={() => setOpen("rotate")}>
        {words.rotate}
      </Button>
      <Button look="danger" needs={operations.webhook.delete} onClick={() => setOpen("delete")}>
        {words.delete}
      </Button>
      {open === "rotate" ? <RotateSecret id={id} onClose={close} /> : null}
      {open === "delete" ? <DeleteWebhook id={id} url={url} onClose={close} /> : null}
    </>
  );
}

type DialogProps = { readonly id: string; readonly onClose: () => void };

function RotateSecret({ id, onClose }: DialogProps) {
  const rotate = useSecret(() => rotateWebhook(id));
  return (
    <KeyDialog title={words.rotate} action={words.rotate} change={rotate} shown={words.secret} onClose={onClose}>
      <p className="text-sm">{words.rotateNote}</p>
    </KeyDialog>
  );
}

function DeleteWebhook({ id, url, onClose }: DialogProps & { readonly url: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => deleteWebhook(id),
    onSuccess: async () => {
      notify(words.deleted);
      await navigate({ to: "/webhooks" });
      client.removeQueries({ queryKey: ["webhook", id] });
      await refetchWebhooks(client);
    },
  });
  return (
    <ConfirmDialog title={words.deleteTitle} action={words.delete} change={remove} onClose={onClose}>
      <p className="text-sm [overflow-wrap:anywhere]">{words.deleteNote(url)}</p>
    </ConfirmDialog>
  );
}
