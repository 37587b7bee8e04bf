import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { operations } from "../../../../src/api/contract/index.ts";
import { triggersQuery } from "./queries.ts";
import { Button } from "../../parts/button.tsx";
import { Empty, Skeleton } from "../../parts/empty.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { TriggerCard } from "./trigger-card.tsx";
import { CreateTrigger } from "./trigger-form.tsx";

const words = text.triggers;

/** Triggers with their next and last times, their history, and what can be done with them. */
export function Triggers() {
  const { data, error, refetch } = useQuery(triggersQuery);
  const [isCreating, setCreating] = useState(false);
  return (
    <>
      <PageHeading title={text.pages.triggers} note={words.note}>
        <Button look="primary" needs={operations.trigger.create} onClick={() => setCreating(true)}>
          <Plus aria-hidden />
          {words.create}
        </Button>
      </PageHeading>
      {data === undefined ? (
        error === null ? (
          <Skeleton lines={6} />
        ) : (
          <ProblemView error={error} onRetry={() => void refetch()} />
        )
      ) : data.length === 0 ? (
        <Empty title={words.none} note={words.noneNote} command="caxton trigger create --help" />
      ) : (
        <div className="space-y-4">
          {data.map((trigger) => (
            <TriggerCard key={trigger.id} of={trigger} />
          ))}
        </div>
      )}
      {isCreating ? <CreateTrigger onClose={() => setCreating(false)} /> : null}
    </>
  );
}
