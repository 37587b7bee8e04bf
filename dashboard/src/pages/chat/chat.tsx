import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { cx } from "../../parts/class-names.ts";
import { PageHeading } from "../../parts/page-heading.tsx";
import { text } from "../../text/text.ts";
import { ThreadList } from "./thread-list.tsx";
import { ThreadView } from "./thread-view.tsx";

const route = getRouteApi("/chat/$id");

/** The list of threads. */
export const Chat = () => (
  <Frame>
    <div className="hidden flex-1 items-center justify-center p-6 text-muted lg:flex">{text.chat.choose}</div>
  </Frame>
);

/** One thread, beside the list where there is room. */
export function ChatThread() {
  const { id } = route.useParams();
  return (
    <Frame open={id}>
      <ThreadView key={id} id={id} />
    </Frame>
  );
}

const Frame = ({ open, children }: { readonly open?: string; readonly children: ReactNode }) => (
  <div className="-mx-4 -my-5 flex h-[calc(100dvh-3rem)] min-w-0 md:-mx-6">
    <div
      className={cx(
        "flex min-h-0 flex-col border-line lg:w-76 lg:shrink-0 lg:border-r",
        open === undefined ? "w-full" : "max-lg:hidden",
      )}
    >
      {open === undefined ? (
        <div className="px-4 pt-5 md:px-6 lg:px-4">
          <PageHeading title={text.pages.chat} note={text.chat.note} />
        </div>
      ) : (
        <p aria-hidden className="px-4 pt-5 pb-3 text-xl font-semibold tracking-tight">
          {text.pages.chat}
        </p>
      )}
      <ThreadList open={open} />
    </div>
    {children}
  </div>
);
