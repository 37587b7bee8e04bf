import { operations } from "../../../../src/api/contract/index.ts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { lazy, Suspense } from "react";
import { deadLettersQuery } from "../../api/messages.ts";
import { Button } from "../../parts/button.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { Tabs } from "../../parts/tabs.tsx";
import { MESSAGE_TABS } from "../../search/messages.ts";
import { useListKeys } from "../../shell/keys.ts";
import { text } from "../../text/text.ts";
import { DeadLetters } from "./dead-letters.tsx";
import { Mailboxes } from "./mailboxes.tsx";
import { TailTab } from "./tail-tab.tsx";

const Compose = lazy(async () => ({ default: (await import("./compose.tsx")).Compose }));
const route = getRouteApi("/messages");
const words = text.messages;

/** What agents and programs say to each other, as they say it; what could not be delivered; and who has a mailbox. */
export function Messages() {
  const search = route.useSearch();
  const { tab = "tail", compose } = search;
  const navigate = route.useNavigate();
  const setCompose = (open: true | undefined) =>
    void navigate({ search: { ...search, compose: open, parent: undefined } });
  const dead = useInfiniteQuery(deadLettersQuery({})).data?.pages[0]?.total;
  useListKeys();
  return (
    <>
      <PageHeading title={text.pages.messages} note={words.note}>
        <Button needs={operations.message.send} look="primary" onClick={() => setCompose(true)}>
          <Send aria-hidden />
          {words.compose}
        </Button>
      </PageHeading>
      <Tabs
        label={text.pages.messages}
        value={tab}
        tabs={MESSAGE_TABS.map((value) => ({
          value,
          label: words.tabs[value],
          ...(value === "dead" && dead !== undefined && dead > 0 ? { count: dead } : {}),
        }))}
        onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
      >
        {tab === "tail" ? <TailTab onCompose={() => setCompose(true)} /> : null}
        {tab === "dead" ? <DeadLetters /> : null}
        {tab === "mailboxes" ? <Mailboxes /> : null}
      </Tabs>
      {compose === true ? (
        <Suspense>
          <Compose conversation={search.conversation} parent={search.parent} onClose={() => setCompose(undefined)} />
        </Suspense>
      ) : null}
    </>
  );
}
